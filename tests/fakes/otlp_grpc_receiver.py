"""An OTLP/gRPC endpoint on this machine, beside the one over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
from fakes.otlp_receiver import Received
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)
from typing_extensions import override


class GrpcReceived(Received):
    """What came, with the metadata of each call."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.metadata: list[dict[str, str | bytes]] = []


@contextmanager
def otlp_grpc_receiver() -> Iterator[GrpcReceived]:
    """Receive until the end of the block."""

    class Endpoint(TraceServiceServicer):
        @override
        def Export(
            self, request: ExportTraceServiceRequest, context: grpc.ServicerContext
        ) -> ExportTraceServiceResponse:
            received.metadata.append(dict(context.invocation_metadata()))
            received.bodies.append(request.SerializeToString())
            return ExportTraceServiceResponse()

    with ThreadPoolExecutor(1) as threads:
        server = grpc.server(threads)
        add_TraceServiceServicer_to_server(Endpoint(), server)
        received = GrpcReceived(f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}")
        server.start()
        try:
            yield received
        finally:
            server.stop(grace=None).wait()
