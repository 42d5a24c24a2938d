using System.Collections.Concurrent;
using Broadcast.Media;

namespace Broadcast.Packager;

/// <summary>Chapters as one.</summary>
/// <param name="From">Those that it takes the place of, by rising numbers and without a hole.</param>
/// <param name="Chapter">The chapter.</param>
/// <param name="Bytes">Its object.</param>
internal sealed record JoinedChapter(IReadOnlyList<TimelineChapter> From, Chapter Chapter, byte[] Bytes);

/// <summary>
/// Reads a session's chapters from wherever they are and makes one of them, in the background: the store may take its time, and the live edge waits for nobody. One at a time; where the store fails, it
/// is for the caller to begin again.
/// </summary>
internal sealed class ChapterJoin(ISpool spool)
{
    private readonly ConcurrentDictionary<ObjectName, byte> _lost = new();
    private JoinedChapter? _joined;
    private int _busy;

    /// <summary>Whether an object was not there, or is no chapter: it was lost with a machine, and is not asked for again.</summary>
    public bool IsLost(ObjectName chapter) => _lost.ContainsKey(chapter);

    /// <summary>Begins to join chapters, where there are any and nothing else is being done.</summary>
    public void BeginUnlessBusy(IReadOnlyList<TimelineChapter> chapters)
    {
        if (chapters.Count > 0 && Interlocked.CompareExchange(ref _busy, 1, 0) == 0)
        {
            _ = Task.Run(() => RunAsync(chapters));
        }
    }

    /// <summary>What was joined, once; <see langword="null"/> while there is nothing.</summary>
    public JoinedChapter? Take() => Interlocked.Exchange(ref _joined, null);

    private async Task RunAsync(IReadOnlyList<TimelineChapter> chapters)
    {
        try
        {
            Volatile.Write(ref _joined, await JoinAsync(chapters));
        }
        catch (IOException)
        {
            // The store fails: the chapters stay as they are until the next time.
        }
        finally
        {
            Volatile.Write(ref _busy, 0);
        }
    }

    private async Task<JoinedChapter?> JoinAsync(IReadOnlyList<TimelineChapter> chapters)
    {
        var parts = new List<Chapter>(chapters.Count);
        foreach (var chapter in chapters)
        {
            if (await ReadAsync(chapter) is not { } part)
            {
                _lost.TryAdd(chapter.Object, 0);
                return null;
            }

            parts.Add(part);
        }

        var joined = Chapter.Join(parts) with { Run = chapters[0].Run };
        return new JoinedChapter(chapters, joined, ChapterFile.Write(joined));
    }

    private async Task<Chapter?> ReadAsync(TimelineChapter chapter)
    {
        try
        {
            return await spool.ReadAllAsync(chapter.Object, ChapterFile.MaxLength, CancellationToken.None) is { } bytes && bytes.Length == chapter.Length ? ChapterFile.Read(bytes) : null;
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }
}
