using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.Storage;
using Broadcast.Media.Timeline;

namespace Broadcast.Packager.Journal;

/// <summary>
/// Appends a session's events to its journal, with one append per batch. Files are numbered and start with a checkpoint. A file is uploaded
/// once a newer one exists. Their names begin with the session's epoch, so that servers with different epochs never write the same object.
/// Once a checkpoint would contain many index blocks, they are listed in an object of their own, so that the size of a file does not depend
/// on the duration of the session. Owned by one session; not thread-safe.
/// </summary>
/// <param name="spool">Spool for the files.</param>
/// <param name="channel">The channel.</param>
/// <param name="session">The session.</param>
/// <param name="existing">Numbers of the existing files, ascending. The next file has the number after the last.</param>
internal sealed class JournalWriter(ISpool spool, ChannelName channel, SessionId session, IEnumerable<JournalNumber> existing)
{
    /// <summary>Maximum number of index blocks in a checkpoint, unless they cannot be listed in an object.</summary>
    private const int MaxIndexBlocks = 32;

    private readonly SessionObjectNames _names = ObjectNames.Of(channel, session);
    private readonly List<JournalNumber> _older = [.. existing];
    private readonly List<(JournalNumber Number, ObjectName Object)> _lists = [];
    private ISpoolFile? _file;
    private ISpoolFile? _newFile;
    private JournalNumber _number;

    /// <summary>Number of events in the open file.</summary>
    public int Events { get; private set; }

    /// <summary>Indicates whether a file is open.</summary>
    public bool IsOpen => _file is not null;

    /// <summary>Epoch of the newest file; 0 before this writer has opened one.</summary>
    public long NewestEpoch => _number.Epoch;

    /// <summary>Appends events. Without an open file, starts one, whose checkpoint contains them.</summary>
    /// <param name="events">Events to append.</param>
    /// <param name="timeline">Timeline that includes the events.</param>
    /// <exception cref="IOException">The disk failed; nothing was written.</exception>
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

    /// <summary>Starts a new file. Uploads the previous file, and deletes all sealed files but the last two.</summary>
    /// <exception cref="IOException">The disk failed; the old file remains open.</exception>
    public void Rotate(SessionTimeline timeline)
    {
        var (file, number) = (_file, _number);
        Open(timeline);
        if (file is not null)
        {
            Seal(file, number, JournalEnd.Rotated);
        }
    }

    /// <summary>Ends the open file and hands it over for upload.</summary>
    public void Seal(JournalEnd end)
    {
        if (_file is not null)
        {
            Seal(_file, _number, end);
            (_file, Events) = (null, 0);
        }
    }

    /// <summary>Discards the open file. Earlier files remain.</summary>
    public void Discard()
    {
        if ((_file ?? _newFile) is { } file)
        {
            (_file, _newFile, Events) = (null, null, 0);
            spool.Discard(file.Name);
        }
    }

    /// <summary>
    /// Forgets a sealed file that cannot be uploaded, because another server wrote an object of its name. The object stays.
    /// </summary>
    public void Abandon(JournalNumber number)
    {
        if (number != _number || _file is null)
        {
            _older.Remove(number);
            spool.Discard(_names.Journal(number));
        }
    }

    private void Open(SessionTimeline timeline)
    {
        var number = new JournalNumber(timeline.Session.Epoch,
            Math.Max(_older.Select(older => older.Number).DefaultIfEmpty().Max(), _number.Number) + 1);
        StoreIndexBlockList(timeline);
        var checkpoint = timeline.JournalCheckpoint();
        if (_newFile is not null && _newFile.Name != _names.Journal(number))
        {
            // An earlier attempt failed, and the session has a higher epoch since.
            spool.Discard(_newFile.Name);
            _newFile = null;
        }

        _newFile ??= spool.Open(_names.Journal(number));
        if (_newFile.Length > 0)
        {
            _newFile.Truncate(0);
        }

        _newFile.Append([JournalFile.Preamble(channel, session, number.Epoch, number.Number, checkpoint)]);
        (_file, _newFile, _number, Events) = (_newFile, null, number, 0);
        AddList(number, timeline);
    }

    /// <summary>
    /// Lists all index blocks in an object once the checkpoint would contain too many. The object is on the disk before a checkpoint refers
    /// to it. If it cannot be written, the checkpoint is longer.
    /// </summary>
    private void StoreIndexBlockList(SessionTimeline timeline)
    {
        if (_lists.Count == 0)
        {
            AddList(_older.Count > 0 ? _older[^1] : default, timeline);
        }

        if (timeline.UnlistedIndexBlocks <= MaxIndexBlocks)
        {
            return;
        }

        var (bytes, list) = IndexBlockListFile.Write(timeline);
        ISpoolFile? file = null;
        try
        {
            file = spool.Open(list.Object);
            file.Truncate(0);
            file.Append([bytes]);
            file.SealOnDisk();
            timeline.Apply(list);
        }
        catch (IOException)
        {
            if (file is not null)
            {
                spool.Discard(list.Object);
            }
        }
    }

    private void AddList(JournalNumber number, SessionTimeline timeline)
    {
        if (timeline.StoredIndexBlockList is { } list)
        {
            _lists.Add((number, list.Object));
        }
    }

    private void Seal(ISpoolFile file, JournalNumber number, JournalEnd end)
    {
        try
        {
            file.Append([JournalFile.Trailer(end)]);
        }
        catch (IOException)
        {
            // Without a trailer, the file is read like that of a killed process. Nothing is lost.
        }

        file.Seal();
        _older.Add(number);
        if (_older.Count > 2)
        {
            spool.Delete([.. _older[..^2].Select(_names.Journal)]);
            _older.RemoveRange(0, _older.Count - 2);
            DeleteUnusedLists();
        }
    }

    /// <summary>Deletes lists of index blocks to which no remaining journal file refers.</summary>
    private void DeleteUnusedLists()
    {
        var removed = _lists.Where(list => list.Number < _older[0]).Select(list => list.Object).ToHashSet();
        _lists.RemoveAll(list => list.Number < _older[0]);
        removed.ExceptWith(_lists.Select(list => list.Object));
        spool.Delete(removed);
    }
}
