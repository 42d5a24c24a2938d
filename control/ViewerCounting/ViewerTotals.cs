using Broadcast.Media;
using Broadcast.Media.OriginToControl;

namespace Broadcast.Control.ViewerCounting;

/// <summary>
/// Viewer totals of channels over all processes: this process's current counts, and the last reported counts of the others. Answered from
/// memory. Thread-safe.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="counter">This process's counter; without one, only other processes count.</param>
public sealed class ViewerTotals(TimeProvider time, IViewerCounter? counter = null) : IViewerTotals
{
    /// <summary>Time for which another process's report is valid. It reports every
    /// <see cref="ViewerCountService.ExchangeInterval"/>.</summary>
    public static readonly TimeSpan Validity = TimeSpan.FromSeconds(30);

    private volatile RemoteCount _remote = new(new Dictionary<ChannelName, IReadOnlyList<ViewerSketch>>(), 0);

    /// <inheritdoc/>
    public ViewerTotal Find(ChannelName channel)
    {
        var own = counter?.Find(channel);
        var others = Others().GetValueOrDefault(channel) ?? [];
        return others.Count == 0 ? new(own?.Viewers ?? 0, 0)
            : new(ViewerSketch.Total(own is null ? others : [own, .. others]), others.Max(sample => sample.Level));
    }

    /// <summary>Stores the reports of other processes.</summary>
    /// <param name="samples">Their counts.</param>
    public void Update(IEnumerable<ViewerSketch> samples) => _remote = new(
        samples.GroupBy(sample => sample.Channel).ToDictionary(group => group.Key, group => (IReadOnlyList<ViewerSketch>)[.. group]),
        time.GetTimestamp());

    private IReadOnlyDictionary<ChannelName, IReadOnlyList<ViewerSketch>> Others() => _remote is { Samples.Count: > 0 } remote
        && time.GetElapsedTime(remote.At) < Validity ? remote.Samples : RemoteCount.Empty;

    private sealed record RemoteCount(IReadOnlyDictionary<ChannelName, IReadOnlyList<ViewerSketch>> Samples, long At)
    {
        public static IReadOnlyDictionary<ChannelName, IReadOnlyList<ViewerSketch>> Empty { get; } =
            new Dictionary<ChannelName, IReadOnlyList<ViewerSketch>>();
    }
}
