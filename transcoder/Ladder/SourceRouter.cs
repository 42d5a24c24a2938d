using System.Threading.Channels;
using Broadcast.Media;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Transcoder.Encoders;

namespace Broadcast.Transcoder.Ladder;

/// <summary>
/// Routes the source's frames to viewers, or to the encoder alone, whose output replaces them (<see cref="PassthroughPolicy"/>). Both use
/// one rendition, so its URL, numbering and role stay. The re-encoded source starts with the frame after the last one passed through;
/// passthrough resumes at a sync sample.
/// </summary>
/// <param name="policy">Passthrough policy of the session.</param>
/// <param name="rungs">The encoder.</param>
/// <param name="renditions">Destination of the samples.</param>
internal sealed class SourceRouter(PassthroughPolicy policy, RungEncoder rungs, ChannelWriter<RenditionSample> renditions)
{
    // Bounded by the policy.
    private readonly List<MediaSample> _held = [];
    private TrackRoute? _route;
    private long _lastPassed = long.MinValue;
    private bool _isReencoded;

    /// <summary>Passes a frame through unless a frame that it refers to was dropped.</summary>
    /// <returns>Whether the frame is usable.</returns>
    public static bool PassThrough(ChannelWriter<RenditionSample> renditions, TrackRoute route, in MediaSample sample)
    {
        if (route.WaitsForSync && !sample.IsSync)
        {
            DroppedSamples.Count(PipelineStage.Transcoder);
            return false;
        }

        route.WaitsForSync = !renditions.TryWrite(new RenditionSample(route.Rendition, sample));
        if (route.WaitsForSync)
        {
            DroppedSamples.Count(PipelineStage.Transcoder);
        }

        return true;
    }

    /// <summary>Accepts the source's next frame.</summary>
    /// <param name="route">Route of its track.</param>
    /// <param name="sample">The frame.</param>
    /// <param name="isSingleVideo">
    /// Whether the publisher sends a single video track. Otherwise it provides the ladder itself, and nothing is encoded.
    /// </param>
    public void Push(TrackRoute route, in MediaSample sample, bool isSingleVideo)
    {
        _route = route;
        var routing = policy.Evaluate(sample);
        if (routing == SourceRouting.Hold)
        {
            _held.Add(sample);
            return;
        }

        Release(routing == SourceRouting.Reencode, isSingleVideo);
        Route(route, sample, routing == SourceRouting.Reencode, isSingleVideo);
    }

    /// <summary>Flushes held frames at the end.</summary>
    public void Finish() => Release(canReencode: _isReencoded, isSingleVideo: true);

    private void Release(bool canReencode, bool isSingleVideo)
    {
        foreach (var sample in _held)
        {
            Route(_route!, sample, canReencode, isSingleVideo);
        }

        _held.Clear();
    }

    private void Route(TrackRoute route, in MediaSample sample, bool canReencode, bool isSingleVideo)
    {
        if (_isReencoded && sample.IsSync && !(isSingleVideo && rungs.IsStillReencoded(sample.Track)))
        {
            _isReencoded = false;
            rungs.EndReencode();
        }
        else if (!_isReencoded && canReencode && isSingleVideo && sample.Present.Ticks > _lastPassed)
        {
            _isReencoded = rungs.TryReencode(sample, _lastPassed, route.Rendition, policy.Reason!);
        }

        if (!_isReencoded)
        {
            if (!PassThrough(renditions, route, sample))
            {
                return;
            }

            _lastPassed = Math.Max(_lastPassed, sample.Present.Ticks);
        }

        if (isSingleVideo)
        {
            rungs.Push(sample);
        }
    }
}
