using Broadcast.Media;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.Rewinding;

/// <summary>
/// Chapters as they were last needed, under one limit of bytes for all sessions: read from spool or store once for however many ask at a time, the least recently needed given up
/// first. Safe to use from any thread.
/// </summary>
internal sealed class ChapterShelf(ISpool spool, IOptions<OriginOptions> options)
{
    /// <summary>Chapters that are read at the same time for one who asks.</summary>
    public const int AtOnce = 16;

    private readonly Lock _gate = new();
    private readonly Dictionary<Key, LinkedListNode<Kept>> _kept = [];
    private readonly LinkedList<Kept> _order = [];
    private readonly Dictionary<Key, Task<object?>> _loading = [];
    private long _bytes;

    /// <summary>Bytes kept.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>A chapter, or <see langword="null"/> when its object is not there or is none: it was lost with a machine.</summary>
    /// <param name="chapter">The chapter.</param>
    /// <param name="wanted">Which renditions are wanted, by name.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="IOException">Spool or store failed.</exception>
    public async ValueTask<Chapter?> ReadAsync(TimelineChapter chapter, Func<string, bool> wanted, CancellationToken cancellationToken)
    {
        var bytes = (byte[]?)await GetAsync(new Key(chapter.Object.Value, ""), async () => await LoadAsync(chapter) is { } loaded ? (loaded, loaded.Length) : null, cancellationToken);
        try
        {
            return bytes is null ? null : ChapterFile.Read(bytes, wanted);
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    /// <summary>A rendition's segments of a chapter as playlists list them, or <see langword="null"/> when there are none, or the chapter is not there.</summary>
    /// <param name="chapter">The chapter.</param>
    /// <param name="rendition">The rendition.</param>
    /// <param name="target">The session's target duration.</param>
    /// <param name="from">First number that is wanted; 0 for all.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="IOException">Spool or store failed.</exception>
    public async ValueTask<ChapterText?> TextAsync(TimelineChapter chapter, string rendition, TimeSpan target, long from, CancellationToken cancellationToken) =>
        (ChapterText?)await GetAsync(
            new Key(chapter.Object.Value, rendition, from),
            async () =>
            {
                if (await ReadAsync(chapter, name => name == rendition, CancellationToken.None) is not { Renditions: [var only, ..] } read
                    || only.Segments.Where(segment => segment.Number >= from).ToList() is not { Count: > 0 } segments)
                {
                    return null;
                }

                var text = ChapterText.Render(rendition, segments, target) with { Before = read.Discontinuities.Count(number => number < segments[0].Number) };
                return (text, text.Text.Length);
            },
            cancellationToken);

    private async Task<byte[]?> LoadAsync(TimelineChapter chapter)
    {
        await using var content = await spool.ReadAsync(chapter.Object, 0, null, CancellationToken.None);
        if (content is null || content.Length != chapter.Length || content.Length > ChapterFile.MaxLength)
        {
            return null;
        }

        var bytes = new byte[content.Length];
        if (content.Stream is { } stream)
        {
            await stream.ReadExactlyAsync(bytes, CancellationToken.None);
            return bytes;
        }

        var position = 0;
        foreach (var slice in content.Slices!)
        {
            slice.CopyTo(bytes.AsMemory(position));
            position += slice.Length;
        }

        return bytes;
    }

    private Task<object?> GetAsync(Key key, Func<Task<(object Value, int Bytes)?>> load, CancellationToken cancellationToken)
    {
        Task<object?> loading;
        lock (_gate)
        {
            if (_kept.TryGetValue(key, out var node))
            {
                _order.Remove(node);
                _order.AddFirst(node);
                return Task.FromResult<object?>(node.Value.Value);
            }

            if (!_loading.TryGetValue(key, out loading!))
            {
                // Whoever asked first may go away: the others wait for the same, so nobody's going away ends it.
                _loading.Add(key, loading = Task.Run(() => KeepAsync(key, load), CancellationToken.None));
            }
        }

        return loading.WaitAsync(cancellationToken);
    }

    private async Task<object?> KeepAsync(Key key, Func<Task<(object Value, int Bytes)?>> load)
    {
        try
        {
            if (await load() is not { } loaded)
            {
                return null;
            }

            lock (_gate)
            {
                _kept[key] = _order.AddFirst(new Kept(key, loaded.Value, loaded.Bytes));
                _bytes += loaded.Bytes;
                while (_bytes > options.Value.ChapterMemory && _order.Last is { } oldest && _order.Count > 1)
                {
                    _order.RemoveLast();
                    _kept.Remove(oldest.Value.Key);
                    _bytes -= oldest.Value.Bytes;
                }
            }

            return loaded.Value;
        }
        finally
        {
            lock (_gate)
            {
                _loading.Remove(key);
            }
        }
    }

    /// <param name="Object">The chapter's object.</param>
    /// <param name="Rendition">The rendition whose text it is; empty for the object itself.</param>
    /// <param name="From">First number in the text, where it is not all; else 0.</param>
    private readonly record struct Key(string Object, string Rendition, long From = 0);

    private sealed record Kept(Key Key, object Value, int Bytes);
}
