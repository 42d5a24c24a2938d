using Broadcast.Media;

namespace Broadcast.Ingest.Rtmp.Flv;

/// <summary>
/// One video track of an encoder. A changed configuration or description makes a new <see cref="Media.Track"/> from the next sync sample on; a broken one leaves the last
/// good one in place. What a picture is shows in its own bits, whatever the tag claims.
/// </summary>
/// <param name="id">Number of the track in its publication.</param>
internal sealed class VideoTrack(int id)
{
    private ReadOnlyMemory<byte> _record;
    private CodecConfig? _next;
    private uint _nextCodec;
    private uint _codec;
    private bool _started;
    private bool _skipsLeading;

    /// <summary>The track as it is now, or <see langword="null"/> before its first configuration that says enough.</summary>
    public Track? Track { get; private set; }

    /// <summary>Changes of the configuration so far, the first one included.</summary>
    public int Configurations { get; private set; }

    /// <summary>What the last metadata frame said of the colors, or <see langword="null"/>.</summary>
    public VideoColor? Color { get; private set; }

    /// <summary>What metadata calls it; used from the next configuration on.</summary>
    public TrackLabel Label { get; set; } = TrackLabel.None;

    /// <summary>Bits a second that metadata claims for it, or 0; used from the next configuration on.</summary>
    public int ClaimedBitsPerSecond { get; set; }

    /// <summary>Takes a configuration record.</summary>
    /// <param name="codec">One of <see cref="FourCc.Video"/>.</param>
    /// <param name="record">avcC, hvcC, av1C or vpcC.</param>
    public TagContent Configure(uint codec, ReadOnlyMemory<byte> record)
    {
        if (codec == (_next is null ? _codec : _nextCodec) && !_record.IsEmpty && _record.Span.SequenceEqual(record.Span))
        {
            return TagContent.Nothing;
        }

        try
        {
            _next = Parse(codec, record.Span);
        }
        catch (InvalidCodecConfigException)
        {
            return TagContent.Dropped;
        }

        (_nextCodec, _record) = (codec, record.ToArray());
        Configurations++;
        if (!_started && _next.IsComplete)
        {
            Take(_next);
        }

        return TagContent.Nothing;
    }

    /// <summary>Takes a picture.</summary>
    /// <param name="codec">What it is coded in.</param>
    /// <param name="payload">Its bytes.</param>
    /// <param name="compositionOffset">Presentation minus decode time, milliseconds.</param>
    /// <param name="nanoseconds">Added to the message's timestamp.</param>
    /// <param name="unit">The frame.</param>
    public TagContent Read(uint codec, ReadOnlyMemory<byte> payload, int compositionOffset, int nanoseconds, out AccessUnit unit)
    {
        unit = default;
        if (payload.IsEmpty)
        {
            return TagContent.Dropped;
        }

        var isKnown = TryTakeNext(codec, payload.Span, out var frame)
            || (Track is not null && codec == _codec && Track.Config.TryInspect(payload.Span, out frame) && (!frame.IsSync || TryComplete(payload.Span)));

        // Nothing can be decoded before the first sync sample, nor pictures that lean on what stood before it.
        if (!isKnown || (!frame.IsSync && !_started) || (frame.IsSkipped && _skipsLeading))
        {
            return TagContent.Dropped;
        }

        if (frame.IsSync && Color?.ToDescription() is var described && !Equals(Track!.Described, described))
        {
            Configurations += _started ? 1 : 0;
            Track = Track with { Described = described };
        }

        _skipsLeading = frame.IsSync ? !_started : _skipsLeading;
        _started = true;
        unit = new AccessUnit(Track!, compositionOffset, frame.IsSync, payload, nanoseconds);
        return TagContent.Unit;
    }

    /// <summary>Takes a metadata frame.</summary>
    public TagContent Describe(ReadOnlySpan<byte> body)
    {
        if (!VideoColor.TryRead(body, out var color))
        {
            return TagContent.Dropped;
        }

        Color = color;
        return TagContent.Nothing;
    }

    /// <summary>The configuration that waits holds from here on if this is a sync sample by its rules.</summary>
    private bool TryTakeNext(uint codec, ReadOnlySpan<byte> payload, out CodedFrame frame)
    {
        frame = default;
        if (_next is null || codec != _nextCodec || !_next.TryInspect(payload, out frame) || !frame.IsSync)
        {
            return false;
        }

        try
        {
            Take(_next.Completed(payload));
            return true;
        }
        catch (InvalidCodecConfigException)
        {
            return false;
        }
    }

    /// <summary>Some codecs say in a sync sample what their record does not.</summary>
    private bool TryComplete(ReadOnlySpan<byte> payload)
    {
        try
        {
            var config = Track!.Config.Completed(payload);
            if (!ReferenceEquals(config, Track.Config) && !config.Equals(Track.Config))
            {
                Configurations++;
                Take(config, keepNext: true);
            }

            return true;
        }
        catch (InvalidCodecConfigException)
        {
            return false;
        }
    }

    private void Take(CodecConfig config, bool keepNext = false)
    {
        if (!keepNext)
        {
            (_next, _codec) = (null, _nextCodec);
        }

        if (Track is null || !Track.Config.Equals(config))
        {
            Track = new Track(id, config, MediaTime.VideoTimescale, Label.Language, Label.Name, Color?.ToDescription()) { ClaimedBitsPerSecond = ClaimedBitsPerSecond };
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
