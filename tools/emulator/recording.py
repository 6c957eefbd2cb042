"""Recorded waveforms (.npz with channels, `fs`, maybe `meta`) as a seamless loop at 8 kSPS.

The loop holds whole cycles of the fundamental, cut where the phase of the first voltage returns;
the first half cycle is cross-faded with what followed the cut, then the closed loop is resampled
in the Fourier domain (band-limited, exactly periodic) to a whole number of samples.
"""

import json
import math
import zipfile
import zlib

import numpy as np

from tools.emulator.registers import CHANNELS

_ALIASES = {  # name in the file -> row name
    "U1": "VA",
    "U2": "VB",
    "U3": "VC",
    "I1": "IA",
    "I2": "IB",
    "I3": "IC",
    "I4": "IN",
    "UA": "VA",
    "UB": "VB",
    "UC": "VC",
    "VA": "VA",
    "VB": "VB",
    "VC": "VC",
    "IA": "IA",
    "IB": "IB",
    "IC": "IC",
    "IN": "IN",
    "IG": "IN",
    "I0x3": "IN",
}
_HALF_TAPS = 24  # of the interpolation between source samples
_FADE_CYCLES = 0.5
_FILL = 0.9  # share of full scale for the peak when a recording is too large
_MOST_REPEATS = 16
_MOST_REPEATED_SAMPLES = 65536


class RecordingError(Exception):
    """One sentence: why the file cannot be used."""


def load(path, fs=8000):
    """(array [7, n] in volts and amps, rows IA VA IB VB IC VC IN; info dictionary).

    Missing channels are zero.  Raises RecordingError.
    """
    rate, meta, channels = _read(path)
    present = [k for k, name in enumerate(CHANNELS) if name in channels]
    reference = next((k for k in (1, 3, 5, 0, 2, 4) if k in present), None)
    if reference is None:
        raise RecordingError("%s has no voltage or current that is known by name" % path)
    if len({channels[CHANNELS[k]].size for k in present}) != 1:
        raise RecordingError("the channels of %s differ in length" % path)
    data = np.array([channels[CHANNELS[k]] for k in present])
    if not np.all(np.isfinite(data)):
        raise RecordingError("%s holds values that are not numbers" % path)
    start, length, cycles = _cut(data[present.index(reference)], rate, path)
    closed = _close(data, start, length, length / cycles * _FADE_CYCLES)
    resampled, repeats = _resample(closed, length / rate * fs)
    n = resampled.shape[1]
    array = np.zeros((7, n))
    array[present] = resampled
    true_hz = cycles * rate / length
    frequency = cycles * repeats * fs / n
    info = {
        "path": str(path),
        "source_rate_hz": rate,
        "channels": [CHANNELS[k] for k in present],
        "missing": [c for k, c in enumerate(CHANNELS) if k not in present],
        "cycles": cycles,
        "repeats": repeats,
        "samples": n,
        "source_frequency_hz": true_hz,
        "frequency_hz": frequency,
        "frequency_error_ppm": (frequency / true_hz - 1) * 1e6,
        "units": meta.get("units", ""),
        "scale_v": 1.0,
        "scale_a": 1.0,
    }
    return array, info


def fit(array, info, full_scale_v, full_scale_a):
    """Scale volts and amps down, each by one factor, when they exceed the ADC's full scale."""
    result = array.copy()
    for rows, limit, key in (
        (slice(1, 6, 2), full_scale_v, "scale_v"),
        ([0, 2, 4, 6], full_scale_a, "scale_a"),
    ):
        peak = float(np.abs(result[rows]).max())
        if peak > limit:
            info[key] = _FILL * limit / peak
            result[rows] *= info[key]
    return result


def describe(info):
    """One line for the log: what was done to the recording."""
    return (
        "recording %s: %s, %d cycles%s as %d samples, %.4f Hz (%+.2f ppm by the loop), "
        "U x %.6g, I x %.6g%s"
        % (
            info["path"],
            " ".join(info["channels"]),
            info["cycles"],
            " x %d" % info["repeats"] if info["repeats"] > 1 else "",
            info["samples"],
            info["frequency_hz"],
            info["frequency_error_ppm"],
            info["scale_v"],
            info["scale_a"],
            ", zero: " + " ".join(info["missing"]) if info["missing"] else "",
        )
    )


def _read(path):
    """(rate, meta, {row name: float64 array in V or A})."""
    try:
        entries = _entries(path)
    except FileNotFoundError:
        raise RecordingError("there is no file %s" % path) from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error):
        raise RecordingError("%s is not an npz file of plain arrays" % path) from None
    if "fs" not in entries:
        raise RecordingError("%s has no entry 'fs', the samples a second" % path)
    meta = _meta(str(entries.get("meta", "{}")), path)
    units = str(meta.get("units", ""))
    factor = {"V": 1000.0 if "kV" in units else 1.0, "I": 1000.0 if "kA" in units else 1.0}
    channels = {}
    for key, entry in entries.items():
        name = _ALIASES.get(key)
        if name is not None and name not in channels:
            if entry.dtype.kind not in "fiu":
                raise RecordingError("the channel %s of %s holds no numbers" % (key, path))
            channels[name] = entry.astype(float).reshape(-1) * factor[name[0]]
    return _rate(entries["fs"], path), meta, channels


def _entries(path):
    store = np.load(path, allow_pickle=False)
    if not isinstance(store, np.lib.npyio.NpzFile):
        raise ValueError("a single array")
    with store:
        return {key: store[key] for key in store.files}


def _meta(text, path):
    try:
        meta = json.loads(text)
    except ValueError:
        raise RecordingError("the meta entry of %s is not JSON" % path) from None
    if not isinstance(meta, dict):
        raise RecordingError("the meta entry of %s is not a JSON object" % path)
    return meta


def _rate(entry, path):
    if entry.size != 1 or entry.dtype.kind not in "fiu" or not 400 <= float(entry) <= 1e7:
        raise RecordingError("the rate fs of %s must be one number from 400 to 1e7 Hz" % path)
    return float(entry)


def _cut(x, rate, path):
    """(start, length in samples with fraction, cycles) of the longest usable loop."""
    omega = 2 * math.pi * _rough_frequency(x, rate) / rate
    period = 2 * math.pi / omega
    start = _HALF_TAPS
    usable = x.size - 2 * _HALF_TAPS - _FADE_CYCLES * period
    cycles = int(usable / period)
    if cycles < 1:
        raise RecordingError("%s is shorter than two cycles of the mains" % path)
    length = cycles * period
    for _ in range(3):  # the angle gives the length, the length the angle
        window = math.ceil(2 * math.pi / omega)
        last = min(round(start + length), x.size - window)
        turned = _angle(x, last, window, omega) + omega * (round(start + length) - last)
        error = turned - _angle(x, start, window, omega)
        error = (error + math.pi) % (2 * math.pi) - math.pi
        length = round(start + length) - start - error / omega
        omega = 2 * math.pi * cycles / length
    return start, length, cycles


def _rough_frequency(x, rate):
    """Largest line from 40 to 70 Hz, parabola through the Hann spectrum."""
    size = 1 << max(16, (8 * x.size - 1).bit_length())
    spectrum = np.abs(np.fft.rfft((x - x.mean()) * np.hanning(x.size), size))
    low, high = int(40 * size / rate), min(int(70 * size / rate) + 1, spectrum.size - 2)
    peak = low + int(np.argmax(spectrum[low:high]))
    a, b, c = np.log(spectrum[peak - 1 : peak + 2] + 1e-300)
    bend = a - 2 * b + c
    return (peak + ((a - c) / 2 / bend if bend else 0.0)) * rate / size


def _angle(x, at, window, omega):
    """Phase of the fundamental at sample `at`, by least squares over one cycle."""
    t = np.arange(window) * omega
    basis = np.stack((np.cos(t), np.sin(t), np.ones(window)), axis=1)
    a, b, _ = np.linalg.lstsq(basis, x[at : at + window], rcond=None)[0]
    return math.atan2(-b, a)


def _close(data, start, length, fade):
    """Loop of ceil(length) points over `length` samples; its end runs smoothly into its start."""
    points = math.ceil(length)
    at = start + length / points * np.arange(points)
    loop = _interpolate(data, at)
    head = int(fade * points / length)
    after = _interpolate(data, at[:head] + length)
    share = 0.5 - 0.5 * np.cos(np.pi * np.arange(head) / head)
    loop[:, :head] = share * loop[:, :head] + (1 - share) * after
    return loop


def _interpolate(data, at):
    """Values of [rows, n] at fractional positions: sinc under a Blackman window."""
    result = np.empty((data.shape[0], at.size))
    near = np.arange(1 - _HALF_TAPS, _HALF_TAPS + 1)
    for first in range(0, at.size, 8192):
        piece = at[first : first + 8192]
        whole = np.floor(piece).astype(int)
        distance = (piece - whole)[:, None] - near
        turn = np.pi * distance / _HALF_TAPS
        weight = np.sinc(distance) * (0.42 + 0.5 * np.cos(turn) + 0.08 * np.cos(2 * turn))
        index = np.clip(whole[:, None] + near, 0, data.shape[1] - 1)
        for row in range(data.shape[0]):
            result[row, first : first + 8192] = (data[row][index] * weight).sum(axis=1)
    return result


def _resample(loop, wanted):
    """(loop with a whole number of samples, repetitions) nearest to `wanted` samples a turn."""
    most = max(1, min(_MOST_REPEATS, int(_MOST_REPEATED_SAMPLES / wanted)))
    repeats = min(range(1, most + 1), key=lambda r: abs(round(r * wanted) / (r * wanted) - 1))
    n = round(repeats * wanted)
    spectrum = np.fft.rfft(np.tile(loop, repeats))
    kept = np.zeros((loop.shape[0], n // 2 + 1), complex)
    lines = min(spectrum.shape[1] - 1, (n - 1) // 2)  # neither Nyquist line
    kept[:, : lines + 1] = spectrum[:, : lines + 1]
    return np.fft.irfft(kept, n) * (n / (loop.shape[1] * repeats)), repeats
