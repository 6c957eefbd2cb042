"""Runs at boot, as /main.py: the terminal on this board."""

from board.esp32s3 import board
from firmware import main

main.run(board)
