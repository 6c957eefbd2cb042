"""Runs at boot, as /main.py: the terminal on this board."""

from board.unix import board
from firmware import main

main.run(board)
