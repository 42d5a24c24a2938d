using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Broadcast.Media;
using Broadcast.Transcoder.Encoders;

namespace Broadcast.Transcoder.Ladder;

/// <summary>
/// Where the source's pictures part: to viewers as they are, or to the encoder alone, whose copy viewers get in their place (<see cref="SourceRule"/>). Both are one rendition, so that its address, its numbers and its lead stay. The
/// copy begins with the picture behind the last one that was passed on; the source comes back with one of its sync samples.
/// </summary>
/// <param name="rule">What a session's source is found to be.</param>
/// <param name="rungs">The encoder.</param>
/// <param name="renditions">The way to viewers.</param>
internal sealed class SourceGate(SourceRule rule, RungEncoder rungs, ChannelWriter<RenditionSample> renditions)
{
    private static readonly Counter<long> Dropped = Telemetry.Meter.CreateCounter<long>(
        "broadcast_samples_dropped", "{sample}", "Samples lost because the next stage was too slow.");

    // At most as many as half a second has, and what comes with them.
    private readonly List<MediaSample> _waiting = [];
    private Lane? _lane;
    private long _passed = long.MinValue;
    private bool _isCopied;

    /// <summary>Passes a picture on, where its way has not lost what it refers to.</summary>
    /// <returns>Whether it is of any use.</returns>
    public static bool Pass(ChannelWriter<RenditionSample> renditions, Lane lane, in MediaSample sample)
    {
        if (lane.WaitsForSync && !sample.IsSync)
        {
            Dropped.Add(1, new KeyValuePair<string, object?>("component", "transcoder"));
            return false;
        }

        lane.WaitsForSync = !renditions.TryWrite(new RenditionSample(lane.Rendition, sample));
        if (lane.WaitsForSync)
        {
            Dropped.Add(1, new KeyValuePair<string, object?>("component", "transcoder"));
        }

        return true;
    }

    /// <summary>The source's next picture.</summary>
    /// <param name="lane">Its way.</param>
    /// <param name="sample">The picture.</param>
    /// <param name="isAlone">Whether the encoder sends this one picture only: else it has made the ladder itself, and nothing is encoded.</param>
    public void Take(Lane lane, in MediaSample sample, bool isAlone)
    {
        _lane = lane;
        var way = rule.See(sample);
        if (way == SourceWay.Waits)
        {
            _waiting.Add(sample);
            return;
        }

        Release(way == SourceWay.IsCopied, isAlone);
        Go(lane, sample, way == SourceWay.IsCopied, isAlone);
    }

    /// <summary>No more will come.</summary>
    public void Finish() => Release(mayCopy: _isCopied, isAlone: true);

    private void Release(bool mayCopy, bool isAlone)
    {
        foreach (var sample in _waiting)
        {
            Go(_lane!, sample, mayCopy, isAlone);
        }

        _waiting.Clear();
    }

    private void Go(Lane lane, in MediaSample sample, bool mayCopy, bool isAlone)
    {
        if (_isCopied && sample.IsSync && !(isAlone && rungs.StillCopies(sample.Track)))
        {
            _isCopied = false;
            rungs.EndCopy();
        }
        else if (!_isCopied && mayCopy && isAlone && sample.Present.Ticks > _passed)
        {
            _isCopied = rungs.TryCopy(sample, _passed, lane.Rendition, rule.Reason!);
        }

        if (!_isCopied)
        {
            if (!Pass(renditions, lane, sample))
            {
                return;
            }

            _passed = Math.Max(_passed, sample.Present.Ticks);
        }

        if (isAlone)
        {
            rungs.Take(sample);
        }
    }
}
