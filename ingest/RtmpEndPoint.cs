using System.Net;

namespace Broadcast.Ingest;

/// <summary>
/// Where RTMP or RTMPS is listened for. Kestrel gives endpoints of this type to ingest's own transport, which reads a publisher's socket without a pump and a pipe in between; on any
/// other type RTMP works as well, at the cost of more processor time.
/// </summary>
/// <param name="address">The interface; <see cref="IPAddress.IPv6Any"/> for all of both families.</param>
/// <param name="port">0 to 65,535; 0 lets the system choose.</param>
public sealed class RtmpEndPoint(IPAddress address, int port) : IPEndPoint(address, port);
