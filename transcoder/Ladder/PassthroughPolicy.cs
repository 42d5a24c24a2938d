using System.Globalization;
using Broadcast.Media;
using Broadcast.Media.Codecs;

namespace Broadcast.Transcoder.Ladder;

/// <summary>Routing of a source frame.</summary>
internal enum SourceRouting
{
    /// <summary>The frame passes through to viewers.</summary>
    Passthrough,

    /// <summary>The next frames decide; the frame is held.</summary>
    Hold,

    /// <summary>The frame is re-encoded for viewers.</summary>
    Reencode,
}

/// <summary>
/// Decides whether a source passes through or must be re-encoded. Pure; its input is each frame in decode order. Re-encoded are formats
/// that not all players decode, and sources whose keyframe interval exceeds the maximum segment duration, because segments would start
/// without a keyframe. A session changes from passthrough to re-encoding at most once, and never back.
/// <para>
/// If the first GOP of a session is too long, re-encoding starts in it: its last frames (<see cref="HoldTime"/>) are held until the next
/// keyframe, which must arrive before the segment is full. If the encoder's timestamps crawl meanwhile, the frames held reach
/// <see cref="MaxHeldBytes"/> or <see cref="MaxHeldArrival"/>; they then pass through, as does the rest of the GOP. A source that has had
/// timely keyframes is given one exception: only its second overlong GOP counts, and no frames are held.
/// </para>
/// </summary>
/// <param name="latency">The latency profile, which defines the maximum segment duration.</param>
internal sealed class PassthroughPolicy(LatencyProfile latency)
{
    /// <summary>Time before a segment is full from which frames of a first GOP are held: encoders reorder up to 0.5 s of frames.</summary>
    public static readonly TimeSpan HoldTime = TimeSpan.FromSeconds(0.5);

    /// <summary>Maximum bytes of held frames.</summary>
    public const long MaxHeldBytes = 16 << 20;

    /// <summary>Maximum time between the arrival of the first and the last held frame.</summary>
    public static readonly TimeSpan MaxHeldArrival = 2 * HoldTime;

    /// <summary>Maximum number of held frames: twice those of <see cref="HoldTime"/> at 120 fps.</summary>
    public const int MaxHeldFrames = 120;

    /// <summary>Overlong GOPs allowed after timely keyframes.</summary>
    private const int AllowedLongGops = 1;

    private Track? _track;
    private long? _gopStart;
    private long? _last;
    private long _maxPresent = long.MinValue;
    private long _step;
    private int _longGops;
    private bool _isGopCounted;
    private bool _hasTimelyKeyframes;
    private bool _isHolding;
    private int _heldFrames;
    private long _heldBytes;
    private DateTimeOffset _heldSince;

    /// <summary>
    /// Reason for re-encoding the source, as a clause without punctuation; <see langword="null"/> while it passes through.
    /// </summary>
    public string? Reason { get; private set; }

    /// <summary>
    /// Reason why not every player decodes the format; <see langword="null"/> if all relevant players do: the usual live H.264 and HEVC
    /// formats, and AV1 Main.
    /// </summary>
    /// <param name="config">The codec configuration.</param>
    public static string? CompatibilityIssue(CodecConfig config) => config switch
    {
        CodecConfig.Vp9 => "the source is VP9, which Apple's HLS players do not support",
        CodecConfig.Avc { Sequence: { ChromaFormat: > 1 } or { BitDepth: > 8 } or { ChromaBitDepth: > 8 } } =>
            "the source is H.264 with more than 4:2:0 8-bit, which most players do not decode",
        CodecConfig.Hevc { Sequence: { ChromaFormat: > 1 } or { BitDepth: > 10 } or { ChromaBitDepth: > 10 } } =>
            "the source is HEVC with more than 4:2:0 10-bit, which most players do not decode",
        CodecConfig.Av1 { Sequence.Profile: > 0 } => "the source is AV1 of a profile other than Main, which most players do not decode",
        _ => null,
    };

    /// <summary>Evaluates the next frame.</summary>
    /// <param name="sample">Any frame of the source, in decode order.</param>
    public SourceRouting Evaluate(in MediaSample sample)
    {
        if (!ReferenceEquals(_track, sample.Track))
        {
            _track = sample.Track;
            Reason ??= CompatibilityIssue(sample.Track.Config);
        }

        var now = sample.Decode.Ticks;
        var maxLength = MediaTime.From(latency.TargetDuration, sample.Track.Timescale).Ticks;
        if (_last is { } last)
        {
            _step = now - last;
            _gopStart = _step > 0 && _step <= maxLength ? _gopStart : null;
        }

        // No earlier frame is displayed after this one, so re-encoding can start here.
        var isAnchor = sample.Present.Ticks > _maxPresent;
        (_last, _maxPresent) = (now, Math.Max(_maxPresent, sample.Present.Ticks));
        if (Reason is not null)
        {
            return SourceRouting.Reencode;
        }

        if (sample.IsSync)
        {
            _hasTimelyKeyframes |= _gopStart is not null && !_isGopCounted;
            (_gopStart, _isGopCounted, _isHolding) = (now, false, false);
            return SourceRouting.Passthrough;
        }

        // The length of the current segment if it includes this frame.
        var length = _gopStart is { } since ? now - since + _step : 0;
        if (length > maxLength && !_isGopCounted)
        {
            _isGopCounted = true;
            if (++_longGops > (_hasTimelyKeyframes ? AllowedLongGops : 0))
            {
                Reason = string.Create(
                    CultureInfo.InvariantCulture,
                    $"the keyframe interval exceeds {latency.TargetDuration.TotalSeconds:0} s, the maximum segment duration (set the encoder's keyframe interval to 2 s)");
                return SourceRouting.Reencode;
            }
        }

        var holdFrom = MediaTime.From(latency.TargetDuration - HoldTime, sample.Track.Timescale).Ticks;
        var wasHolding = _isHolding;
        _isHolding = !_hasTimelyKeyframes && !_isGopCounted && _gopStart is not null && (_isHolding || (isAnchor && length > holdFrom));
        if (!_isHolding)
        {
            return SourceRouting.Passthrough;
        }

        (_heldFrames, _heldBytes, _heldSince) = wasHolding ? (_heldFrames, _heldBytes, _heldSince) : (0, 0, sample.Arrival);
        _heldFrames++;
        _heldBytes += sample.Payload.Length;
        if (_heldFrames > MaxHeldFrames || _heldBytes > MaxHeldBytes || sample.Arrival - _heldSince > MaxHeldArrival)
        {
            (_gopStart, _isHolding) = (null, false);
            return SourceRouting.Passthrough;
        }

        return SourceRouting.Hold;
    }
}
