"""The shared fixtures do what their docstrings say."""

import socket

import pytest
from pytest_socket import SocketConnectBlockedError


def test_upload_lists_every_object_once(emulator):
    objects = {f"folder {n}/ö{n}.jpg": bytes([n]) for n in range(20)}
    emulator.upload("upload-test", objects)
    listed = {blob.name: blob.download_as_bytes() for blob in emulator.storage.list_blobs("upload-test")}
    assert listed == objects


def test_faults_are_merged_and_undone(emulator, fresh_world):
    assert emulator.faults(model_latency_seconds=0.5)["model_latency_seconds"] == 0.5
    assert emulator.faults(seed=7)["model_latency_seconds"] == 0.5


def test_no_test_leaves_the_machine():
    with pytest.raises(SocketConnectBlockedError), pytest.warns(UserWarning, match=r"192\.0\.2\.1"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
