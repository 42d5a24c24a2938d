using Broadcast.Media;
using Broadcast.Origin.Delivery;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.Rewinding;

/// <summary>Which list of a range.</summary>
/// <param name="Session">Of which session.</param>
/// <param name="List">Which of its lists: a rendition's name, or a word that cannot be one.</param>
/// <param name="Range">The range.</param>
/// <param name="Begin">First number that is for who asks; 0 for all.</param>
internal readonly record struct RangeKey(SessionId Session, string List, TimeRange Range, long Begin = 0);

/// <summary>Lists of ranges as they were last asked for, under one limit of bytes for all sessions; a <see cref="TurnShelf{TKey, TValue}"/>, as drawings take turns. Safe to use from any thread.</summary>
internal sealed class RangeShelf(IOptions<OriginOptions> options)
{
    /// <summary>Segments listed for one turn: an hour and a half of 2 s each.</summary>
    public const int SegmentsPerTurn = 2500;

    /// <summary>What an entry costs beside its text: key, links, the document's own object.</summary>
    private const int Overhead = 512;

    // Its compressed forms, made later, are far below half of a document.
    private readonly TurnShelf<RangeKey, Document> _shelf =
        new(options.Value.MaxRangeDrawings, options.Value.RangeMemory, options.Value.RangeMemory / 2, document => Overhead + (document.Plain.Length * 3L / 2));

    /// <summary>Bytes kept.</summary>
    public long Bytes => _shelf.Bytes;

    /// <summary>Turns that are taken.</summary>
    public int Taken => _shelf.Taken;

    /// <summary>A list in a version; <see langword="false"/> when it is not there and too much is being drawn.</summary>
    /// <param name="key">Which.</param>
    /// <param name="version">The version wanted at least.</param>
    /// <param name="segments">About how many segments are looked at to draw it.</param>
    /// <param name="draw">Draws it, for all who ask, whoever goes away meanwhile; <see langword="null"/> when there is none, which is not kept.</param>
    /// <param name="document">The list, once it is there.</param>
    public bool TryGet(RangeKey key, long version, long segments, Func<Task<Document?>> draw, out Task<Document?> document) =>
        _shelf.TryGet(key, version, 1 + (segments / SegmentsPerTurn), draw, out document);
}
