using Broadcast.Ingest.Rtmp.Proxies;

namespace Broadcast.Fuzz.Tests.Targets;

/// <summary>PROXY protocol headers: none is longer than its input, and no prefix of a header is a header.</summary>
internal sealed class ProxyTarget : RtmpTarget
{
    public override string Name => "proxy";

    public override int MaxLength => 600;

    public override IReadOnlyList<byte[]> Words { get; } =
        ["PROXY "u8.ToArray(), "TCP4 "u8.ToArray(), "TCP6 "u8.ToArray(), "UNKNOWN"u8.ToArray(), "\r\n"u8.ToArray(),
            "127.0.0.1 "u8.ToArray(), "::1 "u8.ToArray(), "1935"u8.ToArray(), [0x21, 0x11, 0, 12], [0x20, 0, 0, 0], [0x21, 0x21, 0, 36]];

    public override void Run(byte[] input, ref Shape shape)
    {
        var outcome = ProxyProtocolHeader.TryRead(input, out var source, out var length);
        shape.Kind((int)outcome);
        shape.Kind(source is null ? 0 : (int)source.AddressFamily);
        shape.Size(length);
        if (outcome != ProxyProtocolResult.Read)
        {
            return;
        }

        Hold(length >= 14 && length <= input.Length && length <= ProxyProtocolHeader.MaxLength, "a header of a length that cannot be");
        foreach (var prefix in (int[])[0, 1, length / 2, length - 1])
        {
            Hold(ProxyProtocolHeader.TryRead(input.AsSpan(0, prefix), out _, out _) == ProxyProtocolResult.NeedMore,
                "part of a header is a header, or none");
        }

        Hold(ProxyProtocolHeader.TryRead(input.AsSpan(0, length), out _, out var alone) == ProxyProtocolResult.Read && alone == length,
            "what is behind a header changes it");
    }
}
