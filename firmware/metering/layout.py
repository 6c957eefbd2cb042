"""The memory of a meter: one array('i') of WORDS words that all kernels take as `m`.

Kernels know the numbers by heart (they are in the comments there), everybody else takes the names.
"""

SET_BYTES = 28
DELAY = 40  # sets: a quarter cycle at 50 Hz and 8 kSPS, until the frequency is known ...
DELAY_MAX = 50  # ... and at 40 Hz
BLOCK = 64  # most sets in a call: 64 * 8191 * 4096 stays below 2**31
VOLT_SHIFT = 14
SHIFT_MAX = 16  # even -2**27 with the error carried to it stays within 13 bits
BIAS = 131072  # 2**23 >> 6: y is stored without sign
LIMB = 22  # bits of a limb of the totals
LOW = 0x3FFFFF

REST = 0  # error carried: three voltages in 1/64 of y, four currents in units of the word
SHIFTS = 7  # of IA IB IC IN
SPARE = 11  # 6 words for a board's own kernels
LATE = 17  # bytes from a set back to the one whose voltages count as a quarter cycle earlier
AT = 18  # byte of the first set of the block that the kernels take, and how many sets
# sums of a block: y of A B C, y*y of A B C, then for A B C: x, x*x, x*y, x*y_late, then x and x*x
# of the neutral
SUMS = 20
# of a window: y of A B C, then in limbs, low first: y*y of A B C (2 each), for A B C: x (2),
# x*x (3), x*y (2), x*y_late (2), then x (2) and x*x (3) of the neutral; x in units of the word
TOTALS = 40
CURRENT_WORDS = 9  # of a phase; those of the neutral are the first of these
SLIVER = 82  # sums of a sliver, as of a block
HALVES = 104  # three phases of HALF_WORDS
HALF_WORDS = 24
CONTROL = 176
NUMBERS = 192  # constants and results of quantities, see there
RMS = 292  # of the four currents in the last window, in units of the word
HOLD = 296  # windows for which a current counts as a sharp one, four
AGE = 300  # windows since the shift was lowered, four
WORDS = 304

# words of a phase at HALVES
H_AT = 0  # set of its crossing in this block; beyond the block: none
H_SUMS = 1  # of the half cycle that runs: y*y / 4, x*x / 4 (units of word >> 14), sets
H_ENDED = 4  # the same of the one that ended
H_BEFORE = 7  # of the one before: y*y / 4, x*x / 4, length in 1/32 of a sample, 0 when none
H_PART = 10  # 1/32 of a sample from the last crossing to the set after it
H_MADE_UP = 11  # the crossing at hand came from the sample counter; so did the one before
H_STARTED = 13  # there was a crossing
H_SAMPLE = 14  # number of the set after the last crossing, low 30 bits
H_NEGATIVE = 15  # the half cycle that runs is negative; it has passed the level that counts
H_LAST = 17  # last word of the samples before this block, as `code`
H_PEAK = 18  # greatest magnitude, units of the top 16 bits, since somebody cleared it
H_AROUND = 19  # the words before and after the last crossing, as `code`: (word >> 8) + 2**23

# words at CONTROL
C_BLOCK = 0  # most sets a block may have
C_REFERENCE = 1  # phase whose rising crossings cut the windows
C_ARM = 2  # level a half cycle must pass, units of the top 16 bits
C_CYCLES = 3  # cycles of the window so far
C_WANTED = 4  # cycles a window has
C_OPEN = 5  # a synchronised window runs
C_SETS = 6  # sets in the window
C_SILENT = 7  # sets since the reference rose last
C_LOW = 8  # a half cycle between these is nothing new: y*y / 4 over 1/32 samples ...
C_HIGH = 9
C_OVER = 10  # ... and x*x
C_WATCH = 11  # every half cycle is to be told
C_CUT = 12  # the block at hand ends where the reference rises
C_PEAKS = 13  # peaks are to be watched: a current has a shift that only 0.9 of full scale needs

# what `block` tells: the sets taken in the low byte, then these
TOLD_PHASES = 0x700  # phases whose last cycle is worth a look
TOLD_LONG = 0x800  # the window is longer than it may be
TOLD_CUT = 0x1000  # the reference rises just before the next set, and the window ends
TOLD_PEAKS = 0x2000  # C_PEAKS
