using System.Buffers.Binary;

namespace Broadcast.Ingest.Rtmp.Flv;

/// <summary>Which loudspeaker each channel is for, for codecs that do not say it themselves (Enhanced RTMP v2, AudioPacketType.MultichannelConfig).</summary>
/// <param name="Channels">1 to <see cref="MaxChannels"/>.</param>
/// <param name="Mask">Loudspeakers in native order, a bit each; 0 when there is no native order.</param>
/// <param name="Speakers">A loudspeaker for each channel (AudioChannel), or <see langword="null"/> when the order is native or not said.</param>
internal sealed record ChannelConfiguration(int Channels, uint Mask, IReadOnlyList<byte>? Speakers)
{
    /// <summary>Most channels: 22.2.</summary>
    public const int MaxChannels = 24;

    private const int Unspecified = 0;
    private const int Native = 1;
    private const int Custom = 2;

    /// <summary>Reads a packet's body; <see langword="false"/> when it is broken, contradicts itself or is over the limit.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, out ChannelConfiguration? configuration)
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
                configuration = new ChannelConfiguration(channels, 0, null);
                return true;
            case Native when rest.Length >= 4:
                var mask = BinaryPrimitives.ReadUInt32BigEndian(rest);
                configuration = new ChannelConfiguration(channels, mask, null);
                return System.Numerics.BitOperations.PopCount(mask) == channels;
            case Custom when rest.Length >= channels:
                configuration = new ChannelConfiguration(channels, 0, rest[..channels].ToArray());
                return true;
            default:
                return false;
        }
    }
}
