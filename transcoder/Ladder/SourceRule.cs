using System.Globalization;
using Broadcast.Media;

namespace Broadcast.Transcoder.Ladder;

/// <summary>What becomes of a picture of the source.</summary>
internal enum SourceWay
{
    /// <summary>It goes to viewers as it came.</summary>
    Passes,

    /// <summary>The next pictures tell: it is kept until then.</summary>
    Waits,

    /// <summary>Viewers get a copy of it that is encoded.</summary>
    IsCopied,
}

/// <summary>
/// Decides whether a source can be what viewers get, or an encoded copy has to be: pure, told of each picture in decode order. Copied is what not all players decode, and what has its keyframes farther apart than a
/// segment may be long, because then segments would begin where nobody can begin to decode. The decision falls once for a session and only in one direction, so it never changes to and fro.
/// <para>
/// A session that begins with too long a group of pictures is copied from that one on: its last moments (<see cref="Doubt"/>) wait for the next keyframe, which must come before the segment would be full. One that has shown
/// keyframes in time is believed once: only its second group that is too long counts, and nothing of it waits.
/// </para>
/// </summary>
/// <param name="latency">Tells how long a segment may be.</param>
internal sealed class SourceRule(LatencyProfile latency)
{
    /// <summary>So long before a segment would be full, pictures of a first group begin to wait: encoders send up to half a second of pictures in another order than they are shown in.</summary>
    public static readonly TimeSpan Doubt = TimeSpan.FromSeconds(0.5);

    /// <summary>Groups that are too long and are forgiven a source that has shown better.</summary>
    private const int Forgiven = 1;

    private Track? _track;
    private long? _since;
    private long? _last;
    private long _newest = long.MinValue;
    private long _step;
    private int _long;
    private bool _isTold;
    private bool _isSettled;
    private bool _waits;

    /// <summary>Why the source is copied, as a plain sentence without an end; <see langword="null"/> while it passes.</summary>
    public string? Reason { get; private set; }

    /// <summary>Why not every player decodes these pictures; <see langword="null"/> when all that matter do: H.264 and HEVC as cameras and encoders for live make them, and AV1 of the main profile.</summary>
    /// <param name="config">How they are coded.</param>
    public static string? Objection(CodecConfig config) => config switch
    {
        CodecConfig.Vp9 => "it is VP9, which HLS players of Apple's devices do not take",
        CodecConfig.Avc { Sequence: { ChromaFormat: > 1 } or { BitDepth: > 8 } or { ChromaBitDepth: > 8 } } => "it is H.264 with more colors than most players decode (4:2:0 with 8 bits is what they do)",
        CodecConfig.Hevc { Sequence: { ChromaFormat: > 1 } or { BitDepth: > 10 } or { ChromaBitDepth: > 10 } } => "it is HEVC with more colors than most players decode (4:2:0 with 8 or 10 bits is what they do)",
        CodecConfig.Av1 { Sequence.Profile: > 0 } => "it is AV1 of a profile that most players do not decode (Main is the one that they do)",
        _ => null,
    };

    /// <summary>Takes the next picture.</summary>
    /// <param name="sample">Any picture of the source, in decode order.</param>
    public SourceWay See(in MediaSample sample)
    {
        if (!ReferenceEquals(_track, sample.Track))
        {
            _track = sample.Track;
            Reason ??= Objection(sample.Track.Config);
        }

        var now = sample.Decode.Ticks;
        var longest = MediaTime.From(latency.TargetDuration, sample.Track.Timescale).Ticks;
        if (_last is { } last)
        {
            _step = now - last;
            _since = _step > 0 && _step <= longest ? _since : null;
        }

        // No picture that came before is shown after it: others can take over here.
        var isAnchor = sample.Present.Ticks > _newest;
        (_last, _newest) = (now, Math.Max(_newest, sample.Present.Ticks));
        if (Reason is not null)
        {
            return SourceWay.IsCopied;
        }

        if (sample.IsSync)
        {
            _isSettled |= _since is not null && !_isTold;
            (_since, _isTold, _waits) = (now, false, false);
            return SourceWay.Passes;
        }

        // This is how long the segment that began with the keyframe would be with this picture in it.
        var length = _since is { } since ? now - since + _step : 0;
        if (length > longest && !_isTold)
        {
            _isTold = true;
            if (++_long > (_isSettled ? Forgiven : 0))
            {
                Reason = string.Create(
                    CultureInfo.InvariantCulture,
                    $"its keyframes are more than {latency.TargetDuration.TotalSeconds:0} s apart, which is the longest that a segment may be (the encoder's keyframe interval should be 2 s)");
                return SourceWay.IsCopied;
            }
        }

        var doubt = MediaTime.From(latency.TargetDuration - Doubt, sample.Track.Timescale).Ticks;
        _waits = !_isSettled && !_isTold && _since is not null && (_waits || (isAnchor && length > doubt));
        return _waits ? SourceWay.Waits : SourceWay.Passes;
    }
}
