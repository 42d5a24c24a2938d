using Broadcast.Media;
using Broadcast.Media.Storage;
using Broadcast.Media.Timeline;

namespace Broadcast.Packager.Sessions;

/// <summary>
/// Events of a session that are journaled and announced together, with the work that waits for their announcement. Owned by one session;
/// not thread-safe.
/// </summary>
/// <param name="timeline">Timeline of the session, which includes applied events before they are announced.</param>
internal sealed class TimelineBatch(SessionTimeline timeline)
{
    private List<TimelineEvent> _events = [];
    private int _applied;

    /// <summary>Events in order.</summary>
    public IReadOnlyList<TimelineEvent> Events => _events;

    /// <summary>Files that can be uploaded once the events are announced.</summary>
    public List<ISpoolFile> CompleteFiles { get; } = [];

    /// <summary>Objects that no playlist needs once the events are announced.</summary>
    public List<ObjectName> ObsoleteObjects { get; } = [];

    /// <summary>Duration of the leading rendition's segments that the events close.</summary>
    public TimeSpan ClosedDuration { get; set; }

    /// <summary>Adds an event. The timeline includes it after the next call of <see cref="Apply()"/>.</summary>
    public void Add(TimelineEvent @event) => _events.Add(@event);

    /// <summary>Adds an event and applies the batch to the timeline.</summary>
    public void Apply(TimelineEvent @event)
    {
        Add(@event);
        Apply();
    }

    /// <summary>
    /// Applies the events to the timeline, each once. An event that cannot be applied is dropped with those after it, because it never can
    /// be; files that only these announce are not uploaded.
    /// </summary>
    /// <exception cref="InvalidDataException">Events were dropped.</exception>
    public void Apply()
    {
        for (; _applied < _events.Count; _applied++)
        {
            try
            {
                timeline.Apply(_events[_applied]);
            }
            catch
            {
                DropUnapplied();
                throw;
            }
        }
    }

    /// <summary>
    /// Closes open segments and adds gaps where a rendition has fewer segments than others, so that a new period can follow.
    /// </summary>
    public void ClosePeriod()
    {
        var last = timeline.LastSegment;
        foreach (var rendition in timeline.Renditions)
        {
            if (rendition.Open is { } open)
            {
                Apply(new TimelineEvent.SegmentClosed(rendition.Name, open.Number));
            }

            while (rendition is { Segments: [.., var end], Init: { } init } && end.Number < last)
            {
                var model = timeline.Renditions.Select(other => other.Find(end.Number + 1)).First(segment => segment is not null)!;
                var clock = init.Format.Timescale;
                Apply(new TimelineEvent.SegmentGap(
                    rendition.Name, model.Number, init.Number, model.Start.Rescale(clock), model.Duration.Rescale(clock), model.WallClock));
            }
        }
    }

    /// <summary>Empties the list of events, after the journal has them. The events must be applied.</summary>
    /// <returns>The events.</returns>
    public IReadOnlyList<TimelineEvent> TakeEvents()
    {
        var events = _events;
        (_events, _applied) = ([], 0);
        return events;
    }

    private void DropUnapplied()
    {
        HashSet<ObjectName> unannounced = [];
        foreach (var dropped in _events.Skip(_applied))
        {
            switch (dropped)
            {
                case TimelineEvent.InitReady init:
                    unannounced.Add(init.Object);
                    break;
                case TimelineEvent.PartReady { Part: 0 } part:
                    unannounced.Add(part.Object);
                    break;
            }
        }

        CompleteFiles.RemoveAll(file => unannounced.Contains(file.Name));
        _events.RemoveRange(_applied, _events.Count - _applied);
    }
}
