using Broadcast.Media;

namespace Broadcast.Control;

/// <summary>How many watch each channel at all processes together: what this process sees now, and what the others were last heard to see. Answered from memory. Safe to use from any thread.</summary>
/// <param name="time">The clock.</param>
/// <param name="counter">Who counts at this process; without one, others do.</param>
public sealed class ViewerTotals(TimeProvider time, IViewerCounter? counter = null) : IAudienceSizes
{
    /// <summary>How long what another process said holds. It says it every <see cref="ViewerKeeper.Exchange"/>.</summary>
    public static readonly TimeSpan Holds = TimeSpan.FromSeconds(30);

    private volatile Heard _heard = new(new Dictionary<ChannelName, IReadOnlyList<ViewerSample>>(), 0);

    /// <inheritdoc/>
    public AudienceSize Find(ChannelName channel)
    {
        var own = counter?.Find(channel);
        var others = Others().GetValueOrDefault(channel) ?? [];
        return others.Count == 0 ? new(own?.Viewers ?? 0, 0) : new(ViewerSample.Together(own is null ? others : [own, .. others]), others.Max(sample => sample.Level));
    }

    /// <summary>Other processes were heard.</summary>
    /// <param name="samples">What they see.</param>
    public void Hear(IEnumerable<ViewerSample> samples) => _heard = new(
        samples.GroupBy(sample => sample.Channel).ToDictionary(group => group.Key, group => (IReadOnlyList<ViewerSample>)[.. group]), time.GetTimestamp());

    private IReadOnlyDictionary<ChannelName, IReadOnlyList<ViewerSample>> Others() => _heard is { Samples.Count: > 0 } heard && time.GetElapsedTime(heard.At) < Holds ? heard.Samples : Heard.Nobody;

    private sealed record Heard(IReadOnlyDictionary<ChannelName, IReadOnlyList<ViewerSample>> Samples, long At)
    {
        public static IReadOnlyDictionary<ChannelName, IReadOnlyList<ViewerSample>> Nobody { get; } = new Dictionary<ChannelName, IReadOnlyList<ViewerSample>>();
    }
}
