using System.Net;

namespace Broadcast.Ingest;

/// <summary>
/// Endpoint for RTMP or RTMPS. Kestrel serves endpoints of this type with ingest's own transport, which reads publishers' sockets without a
/// copying loop and a pipe. RTMP works on other endpoint types too, but needs more CPU time.
/// </summary>
/// <param name="address">Interface address; <see cref="IPAddress.IPv6Any"/> for all addresses of both families.</param>
/// <param name="port">0 to 65,535; 0 lets the system choose.</param>
public sealed class RtmpEndPoint(IPAddress address, int port) : IPEndPoint(address, port);
