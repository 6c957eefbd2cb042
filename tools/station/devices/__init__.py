"""Simulated devices of a station's RS-485 buses, each behind an independent codec. README.md has
their maps. They share no code with the firmware."""
