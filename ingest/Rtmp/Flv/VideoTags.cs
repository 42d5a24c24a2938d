using Broadcast.Media;

namespace Broadcast.Ingest.Rtmp.Flv;

/// <summary>
/// Reads the bodies of video messages (FLV 10.1, E.4.3): H.264 configurations and access units. A changed configuration makes a new
/// <see cref="Media.Track"/> from the next IDR picture on; a broken one leaves the last good one in place.
/// </summary>
internal sealed class VideoTags
{
    /// <summary>Number of the video track in every publication.</summary>
    public const int TrackId = 1;

    private const int HeaderSize = 5;
    private const byte AvcCodec = 7;
    private const byte EnhancedMark = 0x80;
    private const byte PlayerCommand = 5;

    private CodecConfig.Avc? _next;
    private bool _started;

    /// <summary>The track as it is now, or <see langword="null"/> before its first configuration.</summary>
    public Track? Track { get; private set; }

    /// <summary>Changes of the configuration so far, the first one included.</summary>
    public int Configurations { get; private set; }

    /// <summary>Reads one body.</summary>
    /// <exception cref="RtmpProtocolException">The codec is not taken.</exception>
    public TagContent Read(ReadOnlyMemory<byte> body, out AccessUnit unit)
    {
        unit = default;
        var bytes = body.Span;
        if (bytes.IsEmpty)
        {
            return TagContent.Dropped;
        }

        // The frame type is the encoder's claim; what a picture is shows in its NAL units.
        var (frameType, codec) = ((bytes[0] >> 4) & 7, bytes[0] & 15);
        if ((bytes[0] & EnhancedMark) != 0)
        {
            throw RtmpProtocolException.UnsupportedCodec($"Video as {FourCc(bytes)} over Enhanced RTMP is not supported. Set the encoder to H.264.");
        }

        if (codec != AvcCodec)
        {
            throw RtmpProtocolException.UnsupportedCodec($"Video codec {CodecName(codec)} is not supported. Set the encoder to H.264.");
        }

        if (frameType == PlayerCommand)
        {
            return TagContent.Nothing;
        }

        if (bytes.Length < HeaderSize)
        {
            return TagContent.Dropped;
        }

        return bytes[1] switch
        {
            0 => Configure(bytes[HeaderSize..]),
            1 => ReadPicture(body[HeaderSize..], SignedInt24(bytes[2..]), out unit),
            2 => TagContent.Nothing,
            _ => TagContent.Dropped,
        };
    }

    private TagContent Configure(ReadOnlySpan<byte> record)
    {
        var known = _next ?? (CodecConfig.Avc?)Track?.Config;
        if (known is not null && known.Record.Span.SequenceEqual(record))
        {
            return TagContent.Nothing;
        }

        try
        {
            _next = CodecConfig.Avc.Parse(record);
        }
        catch (InvalidCodecConfigException)
        {
            return TagContent.Dropped;
        }

        Configurations++;
        if (!_started)
        {
            TakeNext();
        }

        return TagContent.Nothing;
    }

    private TagContent ReadPicture(ReadOnlyMemory<byte> payload, int compositionOffset, out AccessUnit unit)
    {
        unit = default;
        if (Track is null)
        {
            return TagContent.Dropped;
        }

        var lengthSize = (_next ?? (CodecConfig.Avc)Track.Config).Configuration.NalLengthSize;
        if (!NalUnits.TryWalk(payload.Span, lengthSize, out var isSync))
        {
            return TagContent.Dropped;
        }

        if (isSync && _next is not null)
        {
            TakeNext();
        }

        // Nothing can be decoded before the first IDR picture, nor with lengths that the track does not say.
        if ((!isSync && !_started) || ((CodecConfig.Avc)Track.Config).Configuration.NalLengthSize != lengthSize)
        {
            return TagContent.Dropped;
        }

        _started = true;
        unit = new AccessUnit(Track, compositionOffset, isSync, payload);
        return TagContent.Unit;
    }

    private void TakeNext()
    {
        var next = _next!;
        _next = null;
        if (Track is null || !Track.Config.Equals(next))
        {
            Track = new Track(TrackId, next, MediaTime.VideoTimescale);
        }
    }

    private static int SignedInt24(ReadOnlySpan<byte> bytes) => ((sbyte)bytes[0] << 16) | (bytes[1] << 8) | bytes[2];

    private static string FourCc(ReadOnlySpan<byte> bytes) => bytes.Length >= 5 && IsName(bytes[1..5])
        ? System.Text.Encoding.ASCII.GetString(bytes[1..5])
        : "an unknown codec";

    private static bool IsName(ReadOnlySpan<byte> bytes)
    {
        foreach (var value in bytes)
        {
            if (!char.IsAsciiLetterOrDigit((char)value))
            {
                return false;
            }
        }

        return true;
    }

    private static string CodecName(int codec) => codec switch
    {
        2 => "Sorenson H.263",
        3 or 6 => "Screen Video",
        4 or 5 => "VP6",
        12 => "HEVC (in the old FLV manner)",
        _ => $"{codec}",
    };
}
