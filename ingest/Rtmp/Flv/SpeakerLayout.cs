using System.Buffers.Binary;

namespace Broadcast.Ingest.Rtmp.Flv;

/// <summary>Speaker layout for codecs that do not specify it themselves (Enhanced RTMP v2, AudioPacketType.MultichannelConfig).</summary>
/// <param name="Channels">1 to <see cref="MaxChannels"/>.</param>
/// <param name="Mask">Speakers in native order, one bit each; 0 without native order.</param>
/// <param name="Speakers">One speaker per channel (AudioChannel), or <see langword="null"/> when the order is native or
/// unspecified.</param>
internal sealed record SpeakerLayout(int Channels, uint Mask, IReadOnlyList<byte>? Speakers)
{
    /// <summary>Maximum number of channels: 22.2.</summary>
    public const int MaxChannels = 24;

    private const int Unspecified = 0;
    private const int Native = 1;
    private const int Custom = 2;

    /// <summary>Parses a packet body; <see langword="false"/> when it is malformed, inconsistent or exceeds the limit.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, out SpeakerLayout? configuration)
    {
        configuration = null;
        if (body.Length < 2 || body[1] is 0 or > MaxChannels)
        {
            return false;
        }

        var (order, channels) = (body[0], body[1]);
        var rest = body[2..];
        switch (order)
        {
            case Unspecified:
                configuration = new SpeakerLayout(channels, 0, null);
                return true;
            case Native when rest.Length >= 4:
                var mask = BinaryPrimitives.ReadUInt32BigEndian(rest);
                configuration = new SpeakerLayout(channels, mask, null);
                return System.Numerics.BitOperations.PopCount(mask) == channels;
            case Custom when rest.Length >= channels:
                configuration = new SpeakerLayout(channels, 0, rest[..channels].ToArray());
                return true;
            default:
                return false;
        }
    }
}
