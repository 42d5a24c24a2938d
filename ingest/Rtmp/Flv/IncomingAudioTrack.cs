using System.Buffers.Binary;
using Broadcast.Media;
using Broadcast.Media.Codecs;

namespace Broadcast.Ingest.Rtmp.Flv;

/// <summary>
/// One audio track of an encoder. A changed configuration creates a new <see cref="Broadcast.Media.Track"/> at once, because decoding can
/// start at every audio frame. AC-3 and E-AC-3 have no separate configuration: each frame contains it.
/// </summary>
/// <param name="id">ID of the track in its publication.</param>
internal sealed class IncomingAudioTrack(int id)
{
    /// <summary>Maximum number of FLAC frames in one message: seconds of audio.</summary>
    public const int MaxFrames = 64;

    private readonly UnreadableRecords _unreadable = new();
    private ReadOnlyMemory<byte> _record;
    private uint _codec;

    /// <summary>Current state of the track, or <see langword="null"/> before its first configuration.</summary>
    public Track? Track { get; private set; }

    /// <summary>Number of configuration changes so far, including the first configuration.</summary>
    public int Configurations { get; private set; }

    /// <summary>Number of configurations so far that could not be read, without repetitions.</summary>
    public int Unreadable => _unreadable.Count;

    /// <summary>Speaker layout that the encoder sent apart from the codec, or <see langword="null"/>.</summary>
    public SpeakerLayout? Channels { get; private set; }

    /// <summary>Label from the metadata; applies from the next configuration on.</summary>
    public TrackLabel Label { get; set; } = TrackLabel.None;

    /// <summary>Processes a configuration record.</summary>
    /// <param name="codec">One of <see cref="FourCc.Audio"/>.</param>
    /// <param name="record">An AudioSpecificConfig, an OpusHead, or fLaC with its STREAMINFO; empty for AC-3 and E-AC-3.</param>
    public TagContent Configure(uint codec, ReadOnlyMemory<byte> record)
    {
        if (codec is FourCc.Ac3 or FourCc.Eac3)
        {
            return TagContent.None;
        }

        if (codec == FourCc.Opus && record.IsEmpty)
        {
            if (Channels is { Channels: > 2 })
            {
                return TagContent.Dropped;
            }

            record = CreateOpusHead(Channels?.Channels ?? 2);
        }

        if (codec == _codec && !_record.IsEmpty && _record.Span.SequenceEqual(record.Span))
        {
            return TagContent.None;
        }

        if (_unreadable.IsRepeated(codec, record.Span))
        {
            return TagContent.Dropped;
        }

        try
        {
            SetConfig(codec, codec switch
            {
                FourCc.Opus => CodecConfig.Opus.Parse(record.Span),
                FourCc.Flac => CodecConfig.Flac.Parse(record.Span),
                _ => CodecConfig.Aac.Parse(record.Span),
            });
        }
        catch (InvalidCodecConfigException)
        {
            _unreadable.Add(codec, record.Span);
            return TagContent.Dropped;
        }

        _record = record.ToArray();
        return TagContent.None;
    }

    /// <summary>
    /// Processes coded audio: one frame, or for FLAC several consecutive frames, each of which becomes a sample (FLAC in ISO BMFF, 3.3.6).
    /// </summary>
    /// <param name="codec">Codec of the frames.</param>
    /// <param name="payload">Coded data.</param>
    /// <param name="nanoseconds">Added to the message's timestamp.</param>
    /// <param name="units">Receives the frames.</param>
    public TagContent Read(uint codec, ReadOnlyMemory<byte> payload, int nanoseconds, List<AccessUnit> units)
    {
        var (content, samples) = (TagContent.Dropped, 0L);
        for (var count = 0; count == 0 || !payload.IsEmpty; count++)
        {
            var length = codec == FourCc.Flac ? FlacFrameSplitter.LengthOfFirst(payload.Span) : payload.Length;
            if (count == MaxFrames || (content = ReadFrame(codec, payload[..length], nanoseconds, out var unit)) != TagContent.Frame)
            {
                return TagContent.Dropped;
            }

            var offset = (samples * Broadcast.Ingest.Clock.Nanoseconds.PerSecond / unit.Track.Timescale) + nanoseconds;
            units.Add(unit with
            {
                Milliseconds = (uint)(offset / Broadcast.Ingest.Clock.Nanoseconds.PerMillisecond),
                Nanoseconds = (int)(offset % Broadcast.Ingest.Clock.Nanoseconds.PerMillisecond),
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

        if (codec == FourCc.Aac && !TryStripAdts(ref payload))
        {
            return TagContent.Dropped;
        }

        if (Track is null || codec != _codec || !Track.Config.TryInspect(payload.Span, out var frame) || frame.Samples < 1)
        {
            return TagContent.Dropped;
        }

        unit = new AccessUnit(Track, 0, IsSync: true, payload, nanoseconds, frame.Samples);
        return TagContent.Frame;
    }

    /// <summary>Processes a channel configuration.</summary>
    public TagContent SetSpeakerLayout(ReadOnlySpan<byte> body)
    {
        if (!SpeakerLayout.TryRead(body, out var channels))
        {
            return TagContent.Dropped;
        }

        Channels = channels;
        return TagContent.None;
    }

    private bool TryConfigure(uint codec, ReadOnlySpan<byte> frame)
    {
        CodecConfig? config = codec == FourCc.Ac3 ? CodecConfig.Ac3.TryFromFrame(frame) : CodecConfig.Eac3.TryFromFrame(frame);
        if (config is null)
        {
            return false;
        }

        if (Track is null || codec != _codec || !Track.Config.Equals(config))
        {
            SetConfig(codec, config);
            _record = default;
        }

        return true;
    }

    private void SetConfig(uint codec, CodecConfig config)
    {
        Track = new Track(id, config, config.AudioFormat!.SampleRate, Label.Language, Label.Name);
        _codec = codec;
        Configurations++;
    }

    /// <summary>
    /// Removes an ADTS header, which some encoders send. A raw block cannot start with twelve ones (ISO/IEC 14496-3, 1.A.3.2).
    /// </summary>
    private static bool TryStripAdts(ref ReadOnlyMemory<byte> frame)
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

    /// <summary>OpusHead for encoders that send none (RFC 7845, 5.1): mapping family 0, and the usual 6.5 ms of pre-skip.</summary>
    private static byte[] CreateOpusHead(int channels)
    {
        byte[] head = [.. "OpusHead"u8, 1, (byte)channels, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(10), 312);
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(12), 48_000);
        return head;
    }
}
