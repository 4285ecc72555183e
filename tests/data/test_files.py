"""Files of people: regular, bounded, text; and own places named by what their tables hold."""

import os
import shutil

import pytest

from sim.data.catalogue import PLACES, SHANGHAI, handed_over, place_digest, rows, take_in, take_over
from sim.data.files import FileTrouble, read_text


def test_a_byte_order_mark_is_no_letter(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbfplant,mw\n")
    assert read_text(tmp_path / "a.csv", 100, "a CSV file") == "plant,mw\n"


@pytest.mark.parametrize(("content", "trouble"), [
    (b"x" * 101, "larger than 100 bytes"), (b"a\n\xff\xfe", "not a text file"), (b"a\nb\x00", "not a text file"),
])  # fmt: skip
def test_what_is_no_text_is_refused(tmp_path, content, trouble):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(FileTrouble, match=trouble):
        read_text(tmp_path / "a.csv", 100, "a CSV file")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with a name here")
def test_folders_pipes_and_devices_are_refused_unread(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", "/dev/zero"):
        with pytest.raises(FileTrouble, match="expected a YAML file"):
            read_text(type(tmp_path)(path), 100, "a YAML file")


@pytest.fixture
def own(tmp_path):
    folder = tmp_path / "mycity"
    folder.mkdir()
    shutil.copy(PLACES / SHANGHAI / "units.csv", folder)
    return folder


def test_an_edited_table_makes_another_place(own):
    before = take_in(own)
    text = (own / "units.csv").read_text(encoding="utf-8")
    (own / "units.csv").write_text(text.replace("Waigaoqiao", "Elsewhere"), encoding="utf-8")
    after = take_in(own)
    assert before != after
    assert not any("Elsewhere" in row["plant"] for row in rows("units", before)), (
        "a run sees one edition only"
    )
    assert any("Elsewhere" in row["plant"] for row in rows("units", after))


def test_a_place_that_is_moved_or_written_out_whole_is_the_same_place(own, tmp_path):
    one = take_in(own)
    moved = shutil.move(own, tmp_path / "elsewhere")
    for name in ("contracts", "place"):
        shutil.copy(PLACES / SHANGHAI / f"{name}.csv", moved)
    assert place_digest(one) == place_digest(take_in(tmp_path / "elsewhere"))


def test_a_process_that_cannot_see_the_folder_has_the_tables_handed_over(own, monkeypatch):
    text = (own / "units.csv").read_text(encoding="utf-8")
    (own / "units.csv").write_text(text.replace("Waigaoqiao", "Elsewhere"), encoding="utf-8")
    place = take_in(own)
    texts = handed_over(place)
    monkeypatch.setattr("sim.data.catalogue._taken_in", {})
    shutil.rmtree(own)
    with pytest.raises(KeyError, match="changed since"):
        rows("units", place)
    take_over(place, texts)
    assert len(rows("units", place)) == len(rows("units"))
    assert handed_over(SHANGHAI) == {}


def test_what_the_system_shows_as_an_empty_file_is_not_read_for_ever(tmp_path):
    for name in ("/proc/kmsg", "/proc/self/maps"):
        (tmp_path / "odd.yaml").unlink(missing_ok=True)
        (tmp_path / "odd.yaml").symlink_to(name)
        assert read_text(tmp_path / "odd.yaml", 1000, "a YAML file") == ""


def test_a_table_that_is_a_link_to_nothing_is_told_by_name(own):
    (own / "contracts.csv").symlink_to("nowhere")
    with pytest.raises(FileTrouble, match=r"contracts\.csv: is a link to a file that is not there"):
        take_in(own)
