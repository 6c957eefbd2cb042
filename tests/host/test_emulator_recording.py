"""Emulator: recordings become seamless loops; bad files are refused in one sentence."""

import json

import numpy as np
import pytest
from emulator_rig import Rig

from tools.emulator import recording
from tools.emulator.adc import Adc
from tools.emulator.chip import Chip
from tools.emulator.plant import Plant
from tools.emulator.truth import analyse
from tools.emulator.waveform import Loop

NAMES = (
    "daqopen_mains_50hz_a",
    "keating_lv_3ph_60hz",
    "wisp_110kv_fault_50hz",
    "wisp_relay_fault_50hz",
)


def save(path, rate=6400.0, units="V", drop=(), **channels):
    entries = dict(channels, fs=np.float64(rate), meta=json.dumps({"units": units}))
    np.savez(path, **{k: v for k, v in entries.items() if k not in drop})
    return path


def tone(freq, rate, seconds, amplitude=100.0, phase=0.0):
    return amplitude * np.sin(2 * np.pi * freq * np.arange(int(rate * seconds)) / rate + phase)


def assert_wraps_smoothly(array):
    for row in array:
        inside = np.abs(np.diff(row)).max()
        assert abs(row[0] - row[-1]) <= inside + 1e-9
        bend_inside = np.abs(np.diff(row, 2)).max()
        bends = np.abs(np.diff(np.concatenate((row[-2:], row[:2])), 2)).max()
        assert bends <= bend_inside + 1e-9


@pytest.mark.parametrize("name", NAMES)
def test_real_recordings_loop_without_a_jump(shared, name):
    path = shared / "data" / "waveforms" / (name + ".npz")
    array, info = recording.load(path)
    assert_wraps_smoothly(array)
    assert abs(info["frequency_error_ppm"]) < 20
    assert name[-4:-2] == "50" or "60" in name or abs(info["frequency_hz"] - 50) < 0.5
    fitted = recording.fit(array, info, 500.0, 400.0)
    assert np.abs(fitted[1:6:2]).max() <= 500 and np.abs(fitted[0::2]).max() <= 400
    assert "Hz" in recording.describe(info)


def test_keating_keeps_its_values(shared):
    array, info = recording.load(shared / "data" / "waveforms" / "keating_lv_3ph_60hz.npz")
    values = analyse(array[:, : array.shape[1] // 16 * 16], info["frequency_hz"], 8000.0)
    for name, want in (
        ("VA", 349),
        ("VB", 352),
        ("VC", 346),
        ("IA", 126),
        ("IB", 151),
        ("IC", 167),
    ):
        assert values["rms"][name] == pytest.approx(want, rel=0.02)
    assert info["missing"] == [] and info["scale_v"] == 1.0


def test_a_recording_drives_the_chip(shared):
    array, info = recording.load(shared / "data" / "waveforms" / "daqopen_mains_50hz_a.npz")
    rig = Rig(Loop(recording.fit(array, info, 500.0, 400.0), info["frequency_hz"])).started()
    rig.seconds(1.0)
    measured = 8000 * 65536 / (rig.read("APERIOD") + 1)
    assert measured == pytest.approx(info["frequency_hz"], abs=0.01)
    assert rig.read("AVRMS") * 500 / 74532013 == pytest.approx(228.5, rel=2e-3)
    assert rig.read("AIRMS") < 100


@pytest.mark.parametrize(
    "rate, seconds", [(6400, 2.0), (55554.0, 0.5), (1200.0, 5.0), (30707.2, 0.07)]
)
def test_a_tone_stays_a_tone(tmp_path, rate, seconds):
    path = save(
        tmp_path / "a.npz",
        rate,
        UA=tone(50.03, rate, seconds),
        IA=tone(50.03, rate, seconds, 5.0, -0.5),
    )
    array, info = recording.load(path)
    assert info["source_frequency_hz"] == pytest.approx(50.03, abs=0.002)
    assert info["missing"] == ["IB", "VB", "IC", "VC", "IN"]
    assert not array[[2, 3, 4, 5, 6]].any()
    spectrum = np.abs(np.fft.rfft(array[1])) * 2 / array.shape[1]
    line = info["cycles"] * info["repeats"]
    assert spectrum[line] == pytest.approx(100.0, rel=1e-3)
    assert np.delete(spectrum, line).max() < 0.1
    shift = np.angle(np.fft.rfft(array[0])[line] / np.fft.rfft(array[1])[line])
    assert shift == pytest.approx(-0.5, abs=1e-3)
    assert_wraps_smoothly(array)


def test_a_drifting_amplitude_is_faded_not_cut(tmp_path):
    n = 6400
    path = save(tmp_path / "a.npz", UA=tone(50, 6400, 1.0) * np.linspace(1.0, 0.5, n))
    array, _ = recording.load(path)
    assert_wraps_smoothly(array)


def test_the_band_below_4_khz_stays_and_nothing_aliases(tmp_path):
    rate = 50000.0
    mains = tone(50, rate, 0.5) + tone(2500, rate, 0.5, 5.0) + tone(7400, rate, 0.5, 20.0)
    array, _ = recording.load(save(tmp_path / "a.npz", rate, UA=mains))
    spectrum = np.sort(np.abs(np.fft.rfft(array[1])) * 2 / array.shape[1])
    assert spectrum[-2] == pytest.approx(5.0, rel=2e-3)
    assert spectrum[-3] < 0.1  # 7400 Hz would appear at 600 Hz


def test_kilovolts_are_volts_and_are_scaled_down(tmp_path):
    path = save(
        tmp_path / "a.npz",
        units="U: kV, I: A",
        UA=tone(50, 6400, 1.0, 90.0),
        IA=tone(50, 6400, 1.0, 700.0),
    )
    array, info = recording.load(path)
    assert np.abs(array[1]).max() == pytest.approx(90000, rel=1e-3)
    fitted = recording.fit(array, info, 500.0, 400.0)
    assert np.abs(fitted[1]).max() == pytest.approx(450.0)
    assert np.abs(fitted[0]).max() == pytest.approx(360.0)
    assert info["scale_v"] == pytest.approx(450 / 90000, rel=1e-3)


def bad_files(folder):
    good = tone(50, 6400, 1.0)
    (folder / "text.npz").write_text("hello")
    (folder / "empty.npz").write_bytes(b"")
    save(folder / "whole.npz", UA=good)
    (folder / "cut.npz").write_bytes((folder / "whole.npz").read_bytes()[:3000])
    np.save(folder / "plain.npy", good)
    save(folder / "nofs.npz", UA=good, drop=["fs"])
    np.savez(folder / "badmeta.npz", UA=good, fs=6400.0, meta="{")
    np.savez(folder / "listmeta.npz", UA=good, fs=6400.0, meta="[]")
    np.savez(folder / "badrate.npz", UA=good, fs=np.array([1.0, 2.0]), meta="{}")
    np.savez(folder / "object.npz", UA=np.array([None, 1]), fs=6400.0, meta="{}")
    np.savez(folder / "words.npz", UA=np.array(["a", "b"]), fs=6400.0, meta="{}")
    save(folder / "unknown.npz", X1=good)
    save(folder / "short.npz", UA=good[:150])
    save(folder / "uneven.npz", UA=good, UB=good[:-1])
    save(folder / "nan.npz", UA=np.where(np.arange(6400) == 99, np.nan, good))
    (folder / "whole.npz").unlink()
    return sorted(folder.iterdir()) + [folder / "missing.npz"]


def test_bad_files_are_refused_in_one_sentence(tmp_path):
    paths = bad_files(tmp_path)
    assert len(paths) == 15
    for path in paths:
        with pytest.raises(recording.RecordingError) as caught:
            recording.load(path)
        text = str(caught.value)
        assert path.name in text and "\n" not in text and len(text) < 300, path.name


def test_a_led_channel_of_a_recording(tmp_path):
    path = save(tmp_path / "a.npz", UA=tone(50, 6400, 1.0), IA=tone(50, 6400, 1.0))
    array, info = recording.load(path)
    adc = Adc(noise=0.0)
    adc.lead_deg[0] = 10.0
    adc.update()
    chip = Chip(Plant(Loop(array, info["frequency_hz"]), adc))
    for _ in range(24):
        chip.step()
    chip.write(0x480, 1)
    for _ in range(300):
        chip.step()
    phasors = chip.dsp.phasors()
    assert np.degrees(np.angle(phasors[0] / phasors[1])) == pytest.approx(10.0, abs=0.001)
