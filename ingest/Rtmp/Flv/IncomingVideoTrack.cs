using Broadcast.Media;
using Broadcast.Media.Codecs;

namespace Broadcast.Ingest.Rtmp.Flv;

/// <summary>
/// One video track of an encoder. A changed configuration or description creates a new <see cref="Broadcast.Media.Track"/> from the next
/// sync sample on. An invalid one is ignored. Frame properties come from the bitstream, whatever the tag declares.
/// </summary>
/// <param name="id">ID of the track in its publication.</param>
internal sealed class IncomingVideoTrack(int id)
{
    private readonly UnreadableRecords _unreadable = new();
    private readonly UnreadableRecords _unreadableColors = new();
    private ReadOnlyMemory<byte> _record;
    private CodecConfig? _pending;
    private uint _pendingCodec;
    private uint _codec;
    private bool _started;
    private bool _skipsLeading;

    /// <summary>Current state of the track, or <see langword="null"/> before its first complete configuration.</summary>
    public Track? Track { get; private set; }

    /// <summary>Number of configuration changes so far, including the first configuration.</summary>
    public int Configurations { get; private set; }

    /// <summary>Number of configurations and metadata frames so far that could not be read, without repetitions.</summary>
    public int Unreadable => _unreadable.Count + _unreadableColors.Count;

    /// <summary>Color information of the last metadata frame, or <see langword="null"/>.</summary>
    public ColorInfoMetadata? Color { get; private set; }

    /// <summary>Label from the metadata; applies from the next configuration on.</summary>
    public TrackLabel Label { get; set; } = TrackLabel.None;

    /// <summary>Bit rate that the metadata declares, or 0; applies from the next configuration on.</summary>
    public int DeclaredBitsPerSecond { get; set; }

    /// <summary>Processes a configuration record.</summary>
    /// <param name="codec">One of <see cref="FourCc.Video"/>.</param>
    /// <param name="record">avcC, hvcC, av1C or vpcC.</param>
    public TagContent Configure(uint codec, ReadOnlyMemory<byte> record)
    {
        if (codec == (_pending is null ? _codec : _pendingCodec) && !_record.IsEmpty && _record.Span.SequenceEqual(record.Span))
        {
            return TagContent.None;
        }

        if (_unreadable.IsRepeated(codec, record.Span))
        {
            return TagContent.Dropped;
        }

        try
        {
            _pending = Parse(codec, record.Span);
        }
        catch (InvalidCodecConfigException)
        {
            _unreadable.Add(codec, record.Span);
            return TagContent.Dropped;
        }

        (_pendingCodec, _record) = (codec, record.ToArray());
        Configurations++;
        if (!_started && _pending.IsComplete)
        {
            Apply(_pending);
        }

        return TagContent.None;
    }

    /// <summary>Processes a coded frame.</summary>
    /// <param name="codec">Codec of the frame.</param>
    /// <param name="payload">Coded data.</param>
    /// <param name="compositionOffset">Presentation minus decode time, in milliseconds.</param>
    /// <param name="nanoseconds">Added to the message's timestamp.</param>
    /// <param name="unit">The access unit.</param>
    public TagContent Read(uint codec, ReadOnlyMemory<byte> payload, int compositionOffset, int nanoseconds, out AccessUnit unit)
    {
        unit = default;
        if (payload.IsEmpty)
        {
            return TagContent.Dropped;
        }

        var isKnown = TryApplyPending(codec, payload.Span, out var frame)
            || (Track is not null && codec == _codec && Track.Config.TryInspect(payload.Span, out frame)
                && (!frame.IsSync || TryComplete(payload.Span)));

        // Nothing is decodable before the first sync sample, nor are frames that refer to frames before it.
        if (!isKnown || (!frame.IsSync && !_started) || (frame.IsSkipped && _skipsLeading))
        {
            return TagContent.Dropped;
        }

        if (frame.IsSync && Color?.ToDescription() is var colorInfo && !Equals(Track!.ColorInfo, colorInfo))
        {
            Configurations += _started ? 1 : 0;
            Track = Track with { ColorInfo = colorInfo };
        }

        _skipsLeading = frame.IsSync ? !_started : _skipsLeading;
        _started = true;
        unit = new AccessUnit(Track!, compositionOffset, frame.IsSync, payload, nanoseconds);
        return TagContent.Frame;
    }

    /// <summary>Processes a metadata frame.</summary>
    public TagContent ReadMetadata(ReadOnlySpan<byte> body)
    {
        if (_unreadableColors.IsRepeated(0, body))
        {
            return TagContent.Dropped;
        }

        if (!ColorInfoMetadata.TryRead(body, out var color))
        {
            _unreadableColors.Add(0, body);
            return TagContent.Dropped;
        }

        Color = color;
        return TagContent.None;
    }

    /// <summary>Applies the pending configuration if this is a sync sample of it.</summary>
    private bool TryApplyPending(uint codec, ReadOnlySpan<byte> payload, out FrameInfo frame)
    {
        frame = default;
        if (_pending is null || codec != _pendingCodec || !_pending.TryInspect(payload, out frame) || !frame.IsSync)
        {
            return false;
        }

        try
        {
            Apply(_pending.CompleteFrom(payload));
            return true;
        }
        catch (InvalidCodecConfigException)
        {
            return false;
        }
    }

    /// <summary>Completes the configuration from a sync sample, for codecs whose record is incomplete.</summary>
    private bool TryComplete(ReadOnlySpan<byte> payload)
    {
        try
        {
            var config = Track!.Config.CompleteFrom(payload);
            if (!ReferenceEquals(config, Track.Config) && !config.Equals(Track.Config))
            {
                Configurations++;
                Apply(config, keepPending: true);
            }

            return true;
        }
        catch (InvalidCodecConfigException)
        {
            return false;
        }
    }

    private void Apply(CodecConfig config, bool keepPending = false)
    {
        if (!keepPending)
        {
            (_pending, _codec) = (null, _pendingCodec);
        }

        if (Track is null || !Track.Config.Equals(config))
        {
            Track = new Track(id, config, MediaTime.VideoTimescale, Label.Language, Label.Name,
                Color?.ToDescription()) { DeclaredBitsPerSecond = DeclaredBitsPerSecond };
        }
    }

    private static CodecConfig Parse(uint codec, ReadOnlySpan<byte> record) => codec switch
    {
        FourCc.Hevc => CodecConfig.Hevc.Parse(record),
        FourCc.Av1 => CodecConfig.Av1.Parse(record),
        FourCc.Vp9 => CodecConfig.Vp9.Parse(record),
        _ => CodecConfig.Avc.Parse(record),
    };
}
