using Broadcast.Media;

namespace Broadcast.Packager;

/// <content>The renditions that do not lead.</content>
internal sealed partial class Segmenter
{
    private void Follow(Lane lane, in MediaSample sample)
    {
        if (_leader is null)
        {
            if (!MayStandIn(sample))
            {
                Await(lane, sample);
                return;
            }

            _losses[(int)SampleLoss.BeforeSync] += lane.Waiting.Count + (lane.Holds ? 1 : 0);
            lane.Waiting.Clear();
            if (lane.Holds)
            {
                lane.Release();
            }

            Lead(lane, sample);
            return;
        }

        var hole = false;
        if (lane.Holds)
        {
            lane.Waiting.Enqueue(lane.Release(sample, _latency.TargetDuration, out hole));
        }

        lane.Hold(sample, hole);
        Drain(lane, upToLeader: true);
        if (_leader.LastArrival is { } heard && sample.Arrival - heard > _latency.TargetDuration && sample.Arrival - lane.Since > _latency.TargetDuration
            && lane.PlaceOf(sample, _shift) > _position)
        {
            StandIn(lane);
        }
        else if (lane.Waiting.Count > _limits.MaxWaitingSamples)
        {
            lane.Waiting.Clear();
            lane.NeedsSync = true;
            _losses[(int)SampleLoss.Waiting] += _limits.MaxWaitingSamples + 1;
        }
    }

    /// <summary>The leader has yet to begin. One that is encoded begins with what came in before this sample, which then belongs to its first segment.</summary>
    private void Await(Lane lane, in MediaSample sample)
    {
        var hole = false;
        if (lane.Holds)
        {
            lane.Waiting.Enqueue(lane.Release(sample, _latency.TargetDuration, out hole));
        }

        lane.Hold(sample, hole);
        if (lane.Waiting.Count > _limits.MaxWaitingSamples)
        {
            lane.Waiting.Dequeue();
            Lose(SampleLoss.BeforeSync);
        }
    }

    /// <summary>Whether a leader that was announced has kept all waiting for so long that it is not to be expected.</summary>
    private bool MayStandIn(in MediaSample sample) =>
        sample.IsSync && _appointed?.LastArrival is null && _firstArrival is { } first && sample.Arrival - first > 2 * _latency.TargetDuration;

    /// <summary>The leader is silent: a rendition that goes on leads a run of its own, until the leader's next sync sample.</summary>
    private void StandIn(Lane lane)
    {
        EndRun(keepWaiting: true);
        var waiting = lane.Waiting.ToArray();
        lane.Waiting.Clear();
        var held = lane.Held;
        lane.Release();
        foreach (var timed in waiting)
        {
            Lead(lane, timed.Sample);
        }

        Lead(lane, held);
    }

    /// <summary>The leader has come to an instant: what waited for it goes on, and who lags too far is no longer waited for.</summary>
    private void Advance(MediaTime position)
    {
        _position = position;
        foreach (var lane in _lanes)
        {
            if (lane == _leader)
            {
                continue;
            }

            Drain(lane, upToLeader: true);
            if (lane.Segment.Number < _number)
            {
                LeaveBehind(lane);
            }
        }

        TrimOrigins();
    }

    private void LeaveBehind(Lane lane)
    {
        var reached = lane.Holds ? lane.PlaceOf(lane.Held, _shift) : OriginOf(lane.Segment.Number).Start;
        if (_position - new MediaTime(Ticks(_latency.TargetDuration, _position.Timescale), _position.Timescale) <= reached)
        {
            return;
        }

        if (lane.Holds)
        {
            lane.Waiting.Enqueue(lane.Release());
            Drain(lane, upToLeader: true);
        }

        while (lane.Segment.Number < _number)
        {
            lane.Segment.Close(OriginOf(lane.Segment.Number), leader: false);
        }

        lane.NeedsSync = true;
    }

    /// <summary>Puts waiting samples into the segments in which they begin.</summary>
    /// <param name="lane">The rendition.</param>
    /// <param name="upToLeader">Whether those at or after the leader's position wait on.</param>
    private void Drain(Lane lane, bool upToLeader)
    {
        while (lane.Waiting.TryPeek(out var timed))
        {
            var place = lane.PlaceOf(timed.Sample, _shift);
            while (lane.Segment.Number < _number && Reaches(lane, place, timed.Duration, OriginOf(lane.Segment.Number + 1)))
            {
                lane.Segment.Close(OriginOf(lane.Segment.Number), leader: false);
            }

            if (lane.Segment.Number >= _number && upToLeader && place >= _position)
            {
                return;
            }

            lane.Waiting.Dequeue();
            AddFollower(lane, timed, place);
        }

        CloseWhatIsWhole(lane);
    }

    /// <summary>
    /// Closes the segment that the held sample lies behind, though its own length is not known yet: otherwise playlists would hint at one more part for as long
    /// as the sample lasts, and none would come.
    /// </summary>
    private void CloseWhatIsWhole(Lane lane)
    {
        if (lane.Holds && !lane.Fresh && !lane.Segment.IsEmpty && lane.Segment.Number < _number
            && lane.PlaceOf(lane.Held, _shift) >= OriginOf(lane.Segment.Number + 1).Start)
        {
            lane.Segment.Close(OriginOf(lane.Segment.Number), leader: false);
        }
    }

    /// <summary>
    /// Whether a sample belongs to the segment that begins at an origin. An audio frame does when it begins there; a picture when more than half of it lies
    /// there, because the same picture of another rung may be a tick early.
    /// </summary>
    private static bool Reaches(Lane lane, MediaTime place, long duration, SegmentOrigin origin) =>
        (lane.Rendition.Kind == TrackKind.Video ? place with { Ticks = place.Ticks + (duration / 2) } : place) >= origin.Start;

    private void AddFollower(Lane lane, in TimedSample timed, MediaTime place)
    {
        var segment = lane.Segment;
        if (segment.Number > _number || !Reaches(lane, place, timed.Duration, OriginOf(segment.Number)))
        {
            Lose(lane.Fresh ? SampleLoss.BeforeSync : SampleLoss.Late);
            return;
        }

        var origin = OriginOf(segment.Number);
        var decode = lane.DecodeOf(timed.Sample, _shift);
        if (IsOtherConfiguration(lane, timed.Sample.Track) && !(segment.IsEmpty && (lane.Fresh || TryInterrupt(origin))))
        {
            // The cut for it may have been made already, where the leader is ahead.
            lane.ConfigurationChanged = !_origins.Exists(later => later.Number > segment.Number && later.Discontinuity);
            lane.NeedsSync = true;
            Lose(SampleLoss.ConfigurationChange);
            return;
        }

        lane.NeedsSync |= timed.AfterHole && lane.Rendition.Kind == TrackKind.Video;
        if (lane.NeedsSync && !timed.Sample.IsSync)
        {
            Lose(SampleLoss.BeforeSync);
            return;
        }

        // The last frame may begin just before the segment's end, and so reach beyond the target by less than its length.
        if (!segment.IsEmpty && segment.Duration > Ticks(_latency.TargetDuration, segment.Timescale))
        {
            lane.NeedsSync = true;
            Lose(SampleLoss.Overlong);
            return;
        }

        if (lane.Fresh || (segment.IsEmpty && origin.Discontinuity))
        {
            lane.BeginWith(timed.Sample);
            place = lane.PlaceOf(timed.Sample, _shift);
        }

        if (decode < segment.DecodeEnd && segment.Timescale == timed.Sample.Track.Timescale)
        {
            Lose(SampleLoss.Late);
            return;
        }

        lane.NeedsSync = false;
        segment.Add(origin, timed.Sample, decode, place.Ticks, timed.Duration);
        _end = Later(_end, segment.End);
    }

    /// <summary>Puts a discontinuity before a segment that has begun, unless something of it is out.</summary>
    private bool TryInterrupt(SegmentOrigin origin)
    {
        if (!origin.Discontinuity && !origin.HasParts)
        {
            origin.Discontinuity = true;
            _order.Decided.Add(new Cut.Discontinuity(origin.Number));
        }

        return origin.Discontinuity;
    }

    private void TrimOrigins()
    {
        var lowest = _number;
        foreach (var lane in _lanes)
        {
            lowest = Math.Min(lowest, lane.Segment.Number);
        }

        if (_origins[0].Number < lowest)
        {
            _origins.RemoveAll(origin => origin.Number < lowest);
        }
    }
}
