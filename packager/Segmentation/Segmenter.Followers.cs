using Broadcast.Media;

namespace Broadcast.Packager.Segmentation;

/// <content>Renditions that do not lead.</content>
internal sealed partial class Segmenter
{
    /// <summary>Maximum duration of an end that is dropped: about two frames of any rendition.</summary>
    private static readonly TimeSpan MaxDroppedEnd = TimeSpan.FromMilliseconds(100);

    private void ProcessFollower(RenditionState state, in MediaSample sample)
    {
        if (_leader is null)
        {
            if (!CanLead(sample))
            {
                QueueForLeader(state, sample);
                return;
            }

            _dropped[(int)SampleDropReason.BeforeSync] += state.Waiting.TakeAll().Count + (state.Holds ? 1 : 0);
            if (state.Holds)
            {
                state.Release();
            }

            ProcessLeader(state, sample);
            return;
        }

        var replacesLeader = _leader.LastArrival is { } lastArrival && sample.Arrival - lastArrival > _latency.TargetDuration
            && sample.Arrival - state.Since > _latency.TargetDuration;
        if (!replacesLeader && DropsExcess(state, sample))
        {
            return;
        }

        var gap = state.DropsToSync;
        state.DropsToSync = false;
        if (state.Holds)
        {
            state.Waiting.Enqueue(state.Release(sample, _latency.TargetDuration, out gap));
        }

        state.Hold(sample, gap);
        Drain(state, upToLeader: true);
        if (replacesLeader && state.GetPosition(sample, _shift) > _position)
        {
            ReplaceLeader(state);
        }
    }

    /// <summary>
    /// Drops a sample if too much is waiting, and then all up to the rendition's next sync sample that fits. This happens when the leader's
    /// timestamps crawl, or when the rendition is far ahead.
    /// </summary>
    private bool DropsExcess(RenditionState state, in MediaSample sample)
    {
        if ((sample.IsSync || !state.DropsToSync) && state.Waiting.Count < _limits.MaxWaitingSamples
            && CountWaitingBytes() + sample.Payload.Length <= _limits.MaxWaitingBytes)
        {
            return false;
        }

        if (state.Holds)
        {
            state.Waiting.Enqueue(state.Release());
        }

        state.DropsToSync = true;
        Drop(state, sample, SampleDropReason.Waiting);
        return true;
    }

    private long CountWaitingBytes()
    {
        var bytes = 0L;
        foreach (var state in _states)
        {
            bytes += state.Waiting.Bytes;
        }

        return bytes;
    }

    /// <summary>
    /// Queues a sample until the leader starts. An encoded leader starts with media that arrived before this sample, which therefore
    /// belongs to its first segment.
    /// </summary>
    private void QueueForLeader(RenditionState state, in MediaSample sample)
    {
        var gap = false;
        if (state.Holds)
        {
            state.Waiting.Enqueue(state.Release(sample, _latency.TargetDuration, out gap));
        }

        state.Hold(sample, gap);
        while (state.Waiting.Count > _limits.MaxWaitingSamples
            || (state.Waiting.Count > 0 && CountWaitingBytes() > _limits.MaxWaitingBytes))
        {
            state.Waiting.Dequeue();
            CountDrop(SampleDropReason.BeforeSync);
        }
    }

    /// <summary>Returns whether the expected leader has been missing for so long that another rendition leads.</summary>
    private bool CanLead(in MediaSample sample) =>
        sample.IsSync && _expectedLeader?.LastArrival is null && _firstArrival is { } first
            && sample.Arrival - first > 2 * _latency.TargetDuration;

    /// <summary>Lets another rendition lead a new period while the leader is silent, until the leader's next sync sample.</summary>
    private void ReplaceLeader(RenditionState state)
    {
        EndPeriod(keepWaiting: true);
        var waiting = state.Waiting.TakeAll();
        var held = state.Held;
        state.Release();
        foreach (var timed in waiting)
        {
            ProcessLeader(state, timed.Sample);
        }

        ProcessLeader(state, held);
    }

    /// <summary>
    /// Advances the leader's position, adds waiting samples to segments, and stops waiting for renditions that lag too far behind.
    /// </summary>
    private void Advance(MediaTime position)
    {
        _position = position;
        foreach (var state in _states)
        {
            if (state == _leader)
            {
                continue;
            }

            Drain(state, upToLeader: true);
            if (state.Segment.Number < _number)
            {
                SkipLagging(state);
            }
        }

        TrimOrigins();
    }

    private void SkipLagging(RenditionState state)
    {
        var reached = state.Holds ? state.GetPosition(state.Held, _shift) : GetOrigin(state.Segment.Number).Start;
        if (_position - new MediaTime(Ticks(_latency.TargetDuration, _position.Timescale), _position.Timescale) <= reached)
        {
            return;
        }

        if (state.Holds)
        {
            state.Waiting.Enqueue(state.Release());
            Drain(state, upToLeader: true);
        }

        while (state.Segment.Number < _number)
        {
            state.Segment.Close(GetOrigin(state.Segment.Number), leader: false);
        }

        state.NeedsSync = true;
    }

    /// <summary>Adds waiting samples to the segments in which they start.</summary>
    /// <param name="state">The rendition.</param>
    /// <param name="upToLeader">Whether samples at or after the leader's position keep waiting.</param>
    private void Drain(RenditionState state, bool upToLeader)
    {
        while (state.Waiting.TryPeek(out var timed))
        {
            var position = state.GetPosition(timed.Sample, _shift);
            while (state.Segment.Number < _number && BelongsTo(state, position, timed.Duration, GetOrigin(state.Segment.Number + 1)))
            {
                state.Segment.Close(GetOrigin(state.Segment.Number), leader: false);
            }

            if (state.Segment.Number >= _number && upToLeader && position >= _position)
            {
                return;
            }

            state.Waiting.Dequeue();
            AddFollower(state, timed, position);
        }

        CloseCompleteSegment(state);
    }

    /// <summary>
    /// Closes the segment when the held sample is after its end. The held sample's duration is not needed for that. Otherwise playlists
    /// would hint at a further part for the duration of that sample, and none would follow.
    /// </summary>
    private void CloseCompleteSegment(RenditionState state)
    {
        if (state.Holds && !state.IsAtPeriodStart && !state.Segment.IsEmpty && state.Segment.Number < _number
            && state.GetPosition(state.Held, _shift) >= GetOrigin(state.Segment.Number + 1).Start)
        {
            state.Segment.Close(GetOrigin(state.Segment.Number), leader: false);
        }
    }

    /// <summary>
    /// Returns whether a sample belongs to the segment that starts at an origin. An audio frame must start there. A video frame must have
    /// more than half of its duration there, because the same frame of another rung may be a tick early.
    /// </summary>
    private static bool BelongsTo(RenditionState state, MediaTime position, long duration, SegmentStart origin) =>
        (state.Rendition.Kind == TrackKind.Video ? position with { Ticks = position.Ticks + (duration / 2) } : position) >= origin.Start;

    private void AddFollower(RenditionState state, in TimedSample timed, MediaTime position)
    {
        var segment = state.Segment;
        if (segment.Number > _number || !BelongsTo(state, position, timed.Duration, GetOrigin(segment.Number)))
        {
            CountDrop(state.IsAtPeriodStart ? SampleDropReason.BeforeSync : SampleDropReason.Late);
            return;
        }

        var origin = GetOrigin(segment.Number);
        var decode = state.GetDecodeTime(timed.Sample, _shift);
        if (HasOtherConfiguration(state, timed.Sample.Track)
            && !(segment.IsEmpty && (state.IsAtPeriodStart || TryInsertDiscontinuity(origin))))
        {
            // If the leader is ahead, the cut for the change may exist already.
            state.ConfigurationChanged = !_origins.Exists(later => later.Number > segment.Number && later.Discontinuity);
            state.NeedsSync = true;
            CountDrop(SampleDropReason.ConfigurationChange);
            return;
        }

        state.NeedsSync |= timed.AfterGap && state.Rendition.Kind == TrackKind.Video;
        if (state.NeedsSync && !timed.Sample.IsSync)
        {
            CountDrop(SampleDropReason.BeforeSync);
            return;
        }

        // The last frame may start just before the segment's end and extend beyond the target by less than its duration.
        if (!segment.IsEmpty && segment.Duration > Ticks(_latency.TargetDuration, segment.Timescale))
        {
            state.NeedsSync = true;
            CountDrop(SampleDropReason.Overlong);
            return;
        }

        if (state.IsAtPeriodStart || (segment.IsEmpty && origin.Discontinuity))
        {
            state.StartWith(timed.Sample);
            position = state.GetPosition(timed.Sample, _shift);
        }

        if (decode < segment.DecodeEnd && segment.Timescale == timed.Sample.Track.Timescale)
        {
            CountDrop(SampleDropReason.Late);
            return;
        }

        state.NeedsSync = false;
        segment.Add(origin, timed.Sample, decode, position.Ticks, timed.Duration);
        _end = Max(_end, segment.End);
    }

    /// <summary>Inserts a discontinuity before a segment that has started, unless parts of it exist.</summary>
    private bool TryInsertDiscontinuity(SegmentStart origin)
    {
        if (!origin.Discontinuity && !origin.HasParts)
        {
            origin.Discontinuity = true;
            _order.Input.Add(new SegmenterOutput.Discontinuity(origin.Number));
        }

        return origin.Discontinuity;
    }

    /// <summary>
    /// Drops the last segment in all renditions if it is very short, a rendition has no sample in it, and no part of it exists. Audio and
    /// video of an input rarely end together, so an end just after a cut would be a segment with a gap, which some players report.
    /// </summary>
    private bool TryDropEnd(RenditionState leader)
    {
        var origin = _origins[^1];
        if (origin == _anchor || origin.HasParts || origin.Discontinuity
            || leader.Segment.Duration > Ticks(MaxDroppedEnd, leader.Segment.Timescale))
        {
            return false;
        }

        var followers = _states.Where(state => state != leader).ToList();
        foreach (var state in followers.Where(state => state.Holds))
        {
            state.Waiting.Enqueue(state.Release());
        }

        if (!followers.Exists(state => state.Segment.IsOnTimeline && !HasSampleIn(state, origin)))
        {
            return false;
        }

        foreach (var state in _states)
        {
            var dropped = state.Segment.Number == _number ? state.Segment.Discard() : 0;
            for (var remaining = state.Waiting.Count; remaining > 0; remaining--)
            {
                var timed = state.Waiting.Dequeue();
                if (BelongsTo(state, state.GetPosition(timed.Sample, _shift), timed.Duration, origin))
                {
                    dropped++;
                }
                else
                {
                    state.Waiting.Enqueue(timed);
                }
            }

            _dropped[(int)SampleDropReason.ShortEnd] += dropped;
        }

        _origins.RemoveAt(_origins.Count - 1);
        _number--;
        return true;
    }

    /// <summary>Returns whether a rendition has a sample in the last segment, added or waiting.</summary>
    private bool HasSampleIn(RenditionState state, SegmentStart origin) =>
        (state.Segment.Number == origin.Number && !state.Segment.IsEmpty)
        || state.Waiting.Any(timed => BelongsTo(state, state.GetPosition(timed.Sample, _shift), timed.Duration, origin));

    private void TrimOrigins()
    {
        var lowest = _number;
        foreach (var state in _states)
        {
            lowest = Math.Min(lowest, state.Segment.Number);
        }

        if (_origins[0].Number < lowest)
        {
            _origins.RemoveAll(origin => origin.Number < lowest);
        }
    }
}
