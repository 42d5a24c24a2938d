using Broadcast.Media;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.Recordings;

/// <summary>Which download.</summary>
/// <param name="Session">Of which session.</param>
/// <param name="Start">Wall clock from which on it is.</param>
/// <param name="End">Wall clock up to which it is.</param>
/// <param name="Rendition">The rendition that was asked for; <see langword="null"/> for the best.</param>
/// <param name="Begin">First number that is for who asks; 0 for all.</param>
internal readonly record struct DownloadKey(SessionId Session, DateTimeOffset Start, DateTimeOffset? End, string? Rendition, long Begin = 0);

/// <summary>
/// Downloads as they were last laid out, under one limit of bytes. To lay one out something of every segment is read, so one that goes on where it broke off, or has several connections at once, finds it
/// here. Safe to use from any thread.
/// </summary>
internal sealed class DownloadShelf(DownloadMaker maker, IOptions<OriginOptions> options)
{
    /// <summary>Segments read for one turn: an hour and a half of pictures and sound, 2 s each.</summary>
    public const int SegmentsPerTurn = 5000;

    private readonly TurnShelf<DownloadKey, Download> _shelf =
        new(options.Value.MaxDownloadDrawings, options.Value.DownloadMemory, options.Value.DownloadMemory, download => download.Bytes);

    /// <summary>Bytes kept.</summary>
    public long Bytes => _shelf.Bytes;

    /// <summary>Turns that are taken.</summary>
    public int Taken => _shelf.Taken;

    /// <summary>A download; <see langword="false"/> when it is not there and too much is being laid out.</summary>
    /// <param name="key">Which. What it stands for must not change any more.</param>
    /// <param name="segments">About how many segments it has.</param>
    /// <param name="plan">Says what is to be in it; <see langword="null"/> when that is nothing.</param>
    /// <param name="download">The download, once it is there; <see langword="null"/> when nothing of it could be played.</param>
    public bool TryGet(DownloadKey key, long segments, Func<Task<DownloadPlan?>> plan, out Task<Download?> download) => _shelf.TryGet(
        key, 0, 1 + (segments / SegmentsPerTurn), async () => await plan() is { } planned ? await maker.MakeAsync(planned) : null, out download);
}
