using Broadcast.Media;
using Broadcast.Media.Bmff;
using Broadcast.Media.Storage;
using Broadcast.Media.Timeline;
using Broadcast.Packager.Sessions;
using Microsoft.Extensions.Logging;

namespace Broadcast.Packager.Recovery;

/// <summary>
/// Takes over a session of a server that is lost, from a copy: writes the files that this server has to the spool, and continues the
/// timeline where the owner's announcements end. Files that it does not have were uploaded before, or are lost.
/// </summary>
internal static class SessionTakeover
{
    /// <summary>Writes the files and returns what the stage needs to adopt the session.</summary>
    /// <param name="spool">The spool.</param>
    /// <param name="session">The session with its new epoch.</param>
    /// <param name="copy">This server's copy.</param>
    /// <param name="logger">The log.</param>
    /// <returns>The timeline, and the init segments in use.</returns>
    /// <exception cref="IOException">The disk failed.</exception>
    /// <exception cref="InvalidDataException">The copy contradicts itself.</exception>
    public static (SessionTimeline Timeline, IReadOnlyDictionary<ObjectName, byte[]> Inits) Prepare(ISpool spool, BroadcastSession session,
        SessionCopy copy, ILogger logger)
    {
        var timeline = new SessionTimeline(session);
        foreach (var @event in copy.Checkpoint)
        {
            timeline.Apply(@event);
        }

        // Normalization begins the next epoch; that of the database is higher when the last owner announced nothing.
        TimelineNormalizer.Normalize(timeline);
        if (session.Epoch > timeline.Session.Epoch)
        {
            timeline.Apply(new TimelineEvent.Started(timeline.Session with { Epoch = session.Epoch }));
        }

        var (inits, written) = (new Dictionary<ObjectName, byte[]>(), 0);
        foreach (var rendition in timeline.Renditions)
        {
            foreach (var init in rendition.Inits)
            {
                if (init.Length <= InitSegmentReader.MaxLength && TryWrite(spool, copy, init.Object, init.Length) is { } bytes)
                {
                    inits[init.Object] = Join(bytes, init.Length);
                }
            }

            written += rendition.Segments.Count(segment => !segment.IsGap && segment.Length > 0
                && TryWrite(spool, copy, segment.Object, segment.Length) is not null);
        }

        foreach (var sheet in timeline.SpriteSheets)
        {
            TryWrite(spool, copy, sheet.Object, sheet.Length);
        }

        if (timeline.Poster is { } poster)
        {
            TryWrite(spool, copy, poster.Object, poster.Length);
        }

        foreach (var block in timeline.RetainedIndexBlocks)
        {
            TryWrite(spool, copy, block.Object, block.Length);
        }

        PackagerLog.SessionTakenOver(logger, session.Channel.Value, session.Id.Value, written, timeline.LastSegment);
        return (timeline, inits);
    }

    private static IReadOnlyList<ReadOnlyMemory<byte>>? TryWrite(ISpool spool, SessionCopy copy, ObjectName name, long length)
    {
        if (copy.Find(name, length) is not { } bytes)
        {
            return null;
        }

        if (spool.FindSealedLength(name) is { } known && (known == length || !spool.IsWaiting(name)))
        {
            // This server has owned the session before, or an earlier process of it, and has the object. Objects never change.
            return bytes;
        }

        ISpoolFile file;
        try
        {
            file = spool.Open(name);
        }
        catch (IOException) when (spool.FindSealedLength(name) is not null)
        {
            // It is being uploaded.
            return bytes;
        }

        try
        {
            if (file.Length > 0)
            {
                file.Truncate(0);
            }

            file.Append(bytes);
        }
        catch (IOException)
        {
            // The object store may have the whole object. A shorter file would count as a damaged one in the next recovery.
            spool.Discard(name);
            throw;
        }

        file.Seal();
        return bytes;
    }

    private static byte[] Join(IReadOnlyList<ReadOnlyMemory<byte>> pieces, int length)
    {
        var (joined, position) = (new byte[length], 0);
        foreach (var piece in pieces)
        {
            piece.CopyTo(joined.AsMemory(position));
            position += piece.Length;
        }

        return joined;
    }
}
