using System.Buffers;
using Broadcast.Ingest.Rtmp;
using Broadcast.Media.Codecs;

namespace Broadcast.Fuzz.Tests.Targets;

/// <summary>Base class for targets of the RTMP parsers: rejections have names.</summary>
internal abstract class RtmpTarget : FuzzTarget
{
    public override bool IsRefusal(Exception exception, out string reason)
    {
        reason = exception is RtmpProtocolException refusal ? $"{refusal.Reason} {refusal.Rule} {refusal.Message}" : "";
        return reason.Length > 0;
    }

    /// <summary>Unconsumed bytes of a parser, followed by more.</summary>
    protected static byte[] Join(ReadOnlySequence<byte> rest, byte[] more) => [.. rest.ToArray(), .. more];
}

/// <summary>Base class for targets of the configuration parsers.</summary>
internal abstract class CodecTarget : FuzzTarget
{
    public override int MaxLength => 2048;

    public override bool IsRefusal(Exception exception, out string reason)
    {
        reason = exception is InvalidCodecConfigException ? exception.Message : "";
        return reason.Length > 0;
    }
}
