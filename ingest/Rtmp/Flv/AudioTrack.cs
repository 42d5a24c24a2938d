using System.Buffers.Binary;
using Broadcast.Media;

namespace Broadcast.Ingest.Rtmp.Flv;

/// <summary>
/// One audio track of an encoder. A changed configuration makes a new <see cref="Media.Track"/> at once, for every frame of sound can be begun with. AC-3 and
/// E-AC-3 have no configuration of their own: it stands in each frame.
/// </summary>
/// <param name="id">Number of the track in its publication.</param>
internal sealed class AudioTrack(int id)
{
    /// <summary>Most FLAC frames in one message: seconds of sound.</summary>
    public const int MaxFrames = 64;

    private ReadOnlyMemory<byte> _record;
    private uint _codec;

    /// <summary>The track as it is now, or <see langword="null"/> before its first configuration.</summary>
    public Track? Track { get; private set; }

    /// <summary>Changes of the configuration so far, the first one included.</summary>
    public int Configurations { get; private set; }

    /// <summary>Which loudspeaker each channel is for, where the encoder says so beside the codec.</summary>
    public ChannelConfiguration? Channels { get; private set; }

    /// <summary>What metadata calls it; used from the next configuration on.</summary>
    public TrackLabel Label { get; set; } = TrackLabel.None;

    /// <summary>Takes a configuration record.</summary>
    /// <param name="codec">One of <see cref="FourCc.Audio"/>.</param>
    /// <param name="record">An AudioSpecificConfig, an OpusHead, or fLaC with its STREAMINFO; nothing for AC-3 and E-AC-3.</param>
    public TagContent Configure(uint codec, ReadOnlyMemory<byte> record)
    {
        if (codec is FourCc.Ac3 or FourCc.Eac3)
        {
            return TagContent.Nothing;
        }

        if (codec == FourCc.Opus && record.IsEmpty)
        {
            if (Channels is { Channels: > 2 })
            {
                return TagContent.Dropped;
            }

            record = PlainOpusHead(Channels?.Channels ?? 2);
        }

        if (codec == _codec && !_record.IsEmpty && _record.Span.SequenceEqual(record.Span))
        {
            return TagContent.Nothing;
        }

        try
        {
            Take(codec, codec switch
            {
                FourCc.Opus => CodecConfig.Opus.Parse(record.Span),
                FourCc.Flac => CodecConfig.Flac.Parse(record.Span),
                _ => CodecConfig.Aac.Parse(record.Span),
            });
        }
        catch (InvalidCodecConfigException)
        {
            return TagContent.Dropped;
        }

        _record = record.ToArray();
        return TagContent.Nothing;
    }

    /// <summary>Takes a message's sound: a frame, or of FLAC several behind one another, each of which becomes a sample of its own (FLAC in ISO BMFF, 3.3.6).</summary>
    /// <param name="codec">What it is coded in.</param>
    /// <param name="payload">Its bytes.</param>
    /// <param name="nanoseconds">Added to the message's timestamp.</param>
    /// <param name="units">Takes the frames.</param>
    public TagContent Read(uint codec, ReadOnlyMemory<byte> payload, int nanoseconds, List<AccessUnit> units)
    {
        var (content, samples) = (TagContent.Dropped, 0L);
        for (var count = 0; count == 0 || !payload.IsEmpty; count++)
        {
            var length = codec == FourCc.Flac ? FlacFrames.LengthOfFirst(payload.Span) : payload.Length;
            if (count == MaxFrames || (content = ReadFrame(codec, payload[..length], nanoseconds, out var unit)) != TagContent.Unit)
            {
                return TagContent.Dropped;
            }

            var behind = (samples * Clock.Nanoseconds.PerSecond / unit.Track.Timescale) + nanoseconds;
            units.Add(unit with
            {
                Milliseconds = (uint)(behind / Clock.Nanoseconds.PerMillisecond),
                Nanoseconds = (int)(behind % Clock.Nanoseconds.PerMillisecond),
            });
            samples += unit.Samples;
            payload = payload[length..];
        }

        return content;
    }

    private TagContent ReadFrame(uint codec, ReadOnlyMemory<byte> payload, int nanoseconds, out AccessUnit unit)
    {
        unit = default;
        if (codec is FourCc.Ac3 or FourCc.Eac3 && !TryConfigure(codec, payload.Span))
        {
            return TagContent.Dropped;
        }

        if (codec == FourCc.Aac && !TryTakeAdtsOff(ref payload))
        {
            return TagContent.Dropped;
        }

        if (Track is null || codec != _codec || !Track.Config.TryInspect(payload.Span, out var frame) || frame.Samples < 1)
        {
            return TagContent.Dropped;
        }

        unit = new AccessUnit(Track, 0, IsSync: true, payload, nanoseconds, frame.Samples);
        return TagContent.Unit;
    }

    /// <summary>Takes a channel configuration.</summary>
    public TagContent Describe(ReadOnlySpan<byte> body)
    {
        if (!ChannelConfiguration.TryRead(body, out var channels))
        {
            return TagContent.Dropped;
        }

        Channels = channels;
        return TagContent.Nothing;
    }

    private bool TryConfigure(uint codec, ReadOnlySpan<byte> frame)
    {
        try
        {
            CodecConfig config = codec == FourCc.Ac3 ? CodecConfig.Ac3.FromFrame(frame) : CodecConfig.Eac3.FromFrame(frame);
            if (Track is null || codec != _codec || !Track.Config.Equals(config))
            {
                Take(codec, config);
                _record = default;
            }

            return true;
        }
        catch (InvalidCodecConfigException)
        {
            return false;
        }
    }

    private void Take(uint codec, CodecConfig config)
    {
        Track = new Track(id, config, config.Sound!.SampleRate, Label.Language, Label.Name);
        _codec = codec;
        Configurations++;
    }

    /// <summary>A raw block cannot begin with twelve ones: that is an ADTS header, which some encoders leave in front (ISO/IEC 14496-3, 1.A.3.2).</summary>
    private static bool TryTakeAdtsOff(ref ReadOnlyMemory<byte> frame)
    {
        var bytes = frame.Span;
        if (bytes.Length > 2 && bytes[0] == 0xFF && (bytes[1] & 0xF6) == 0xF0)
        {
            var header = (bytes[1] & 1) == 1 ? 7 : 9;
            if (bytes.Length <= header)
            {
                return false;
            }

            frame = frame[header..];
        }

        return !frame.IsEmpty;
    }

    /// <summary>What an encoder means that sends no OpusHead (RFC 7845, 5.1): mapping family 0, and the usual 6.5 ms of pre-skip.</summary>
    private static byte[] PlainOpusHead(int channels)
    {
        byte[] head = [.. "OpusHead"u8, 1, (byte)channels, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(10), 312);
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(12), 48_000);
        return head;
    }
}
