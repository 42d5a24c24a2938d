using Broadcast.Media;

namespace Broadcast.Packager;

/// <summary>
/// Appends a session's events to its journal: one append a batch. Files are numbered, each begins with a checkpoint, and each goes to the object store once a
/// newer one is there. Owned by one session; not thread-safe.
/// </summary>
/// <param name="spool">Where files are written.</param>
/// <param name="channel">The channel.</param>
/// <param name="session">The session.</param>
/// <param name="existing">Numbers of the files that exist, rising; the next is one above the highest.</param>
internal sealed class JournalWriter(ISpool spool, ChannelName channel, SessionId session, IEnumerable<long> existing)
{
    private readonly List<long> _older = [.. existing];
    private ISpoolFile? _file;
    private ISpoolFile? _opening;
    private long _number;

    /// <summary>Events in the open file.</summary>
    public int Events { get; private set; }

    /// <summary>Whether a file is open.</summary>
    public bool IsOpen => _file is not null;

    /// <summary>Appends events; where no file is open, begins one instead, whose checkpoint holds them.</summary>
    /// <param name="events">The events.</param>
    /// <param name="timeline">The timeline with the events in it.</param>
    /// <exception cref="IOException">The disk refused; nothing was written.</exception>
    public void Append(IReadOnlyList<TimelineEvent> events, SessionTimeline timeline)
    {
        if (_file is null)
        {
            Open(timeline);
            return;
        }

        _file.Append([JournalFile.Lines(events)]);
        Events += events.Count;
    }

    /// <summary>Goes on in a new file; the one before goes to the store, those before its predecessor go away.</summary>
    /// <exception cref="IOException">The disk refused; the old file goes on.</exception>
    public void Rotate(SessionTimeline timeline)
    {
        var (file, number) = (_file, _number);
        Open(timeline);
        if (file is not null)
        {
            Seal(file, number, JournalEnd.Rotated);
        }
    }

    /// <summary>Ends the open file and hands it to the store.</summary>
    public void Seal(JournalEnd end)
    {
        if (_file is not null)
        {
            Seal(_file, _number, end);
            (_file, Events) = (null, 0);
        }
    }

    /// <summary>Drops the open file without a trace. Those before it stay.</summary>
    public void Discard()
    {
        if ((_file ?? _opening) is { } file)
        {
            (_file, _opening, Events) = (null, null, 0);
            spool.Discard(file.Name);
        }
    }

    private void Open(SessionTimeline timeline)
    {
        var number = _older.Count > 0 ? Math.Max(_older[^1], _number) + 1 : _number + 1;
        var checkpoint = timeline.Checkpoint();
        _opening ??= spool.Open(JournalFile.NameOf(channel, session, number));
        if (_opening.Length > 0)
        {
            _opening.Truncate(0);
        }

        _opening.Append([JournalFile.Begin(channel, session, timeline.Session.Epoch, number, checkpoint)]);
        (_file, _opening, _number, Events) = (_opening, null, number, 0);
    }

    private void Seal(ISpoolFile file, long number, JournalEnd end)
    {
        try
        {
            file.Append([JournalFile.Trailer(end)]);
        }
        catch (IOException)
        {
            // Without its last line the file is read as one whose process was killed: nothing is lost by that.
        }

        file.Seal();
        _older.Add(number);
        if (_older.Count > 2)
        {
            spool.Delete([.. _older[..^2].Select(old => JournalFile.NameOf(channel, session, old))]);
            _older.RemoveRange(0, _older.Count - 2);
        }
    }
}
