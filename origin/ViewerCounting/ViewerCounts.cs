using System.Diagnostics.Metrics;
using System.Net;
using Broadcast.Media;
using Broadcast.Media.OriginToControl;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.ViewerCounting;

/// <summary>
/// Counts the viewers of this process by the beacons of playing pages. Thread-safe. Bounded by <see cref="MaxIds"/>: above it, the channel
/// with the most ids is counted by a sample half as large, without effect on other channels. Once a second, the next caller removes expired
/// ids and plans the samples.
/// </summary>
/// <param name="options">Options with the beacon rate.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Logger for changes of the sample share.</param>
public sealed class ViewerCounts(IOptions<OriginOptions> options, TimeProvider time, ILogger<ViewerCounts> logger) : IViewerCounter
{
    /// <summary>Maximum ids in memory, for all channels together: some 100 bytes each.</summary>
    public const int MaxIds = 131_072;

    private static readonly Counter<long> Beacons =
        Telemetry.Meter.CreateCounter<long>("broadcast_beacons", "{beacon}", "Beacons of playing pages, by result.");
    private static readonly TimeSpan UpdateInterval = TimeSpan.FromSeconds(1);
    private readonly Dictionary<ChannelName, ViewerSet> _sets = [];
    private readonly Lock _gate = new();
    private readonly long _start = time.GetTimestamp();
    private volatile IReadOnlyDictionary<ChannelName, ViewerSketch> _samples = new Dictionary<ChannelName, ViewerSketch>();
    private TimeSpan _updatedAt = -UpdateInterval;
    private int _ids;

    /// <inheritdoc/>
    public ViewerSketch? Find(ChannelName channel)
    {
        UpdateIfDue();
        return _samples.GetValueOrDefault(channel);
    }

    /// <inheritdoc/>
    public IReadOnlyList<ViewerSketch> Read()
    {
        UpdateIfDue();
        return [.. _samples.Values];
    }

    /// <summary>Processes a beacon.</summary>
    /// <param name="channel">The channel; must exist, so that clients cannot invent channels.</param>
    /// <param name="beacon">The beacon.</param>
    /// <param name="network">The sender's network; <see langword="null"/> when unknown.</param>
    internal BeaconOutcome Process(ChannelName channel, Beacon beacon, IPAddress? network)
    {
        UpdateIfDue();
        lock (_gate)
        {
            if (beacon.IsLeaving)
            {
                if (_sets.TryGetValue(channel, out var left) && left.Remove(beacon.Id))
                {
                    _ids--;
                }

                return BeaconOutcome.Left;
            }

            if (!_sets.TryGetValue(channel, out var set))
            {
                _sets.Add(channel, set = new(options.Value.MaxViewersPerClient));
            }

            var before = set.Ids;
            var answer = set.Add(beacon.Id, network, Now);
            _ids += set.Ids - before;
            while (_ids > MaxIds)
            {
                ShrinkLargest();
            }

            // The beacon's own result, unless the id was removed to make room.
            return answer != BeaconOutcome.Counted || set.Contains(beacon.Id) ? answer
                : BeaconSampling.Contains(beacon.Id, set.RetainedLevel) ? BeaconOutcome.Full : BeaconOutcome.Unsampled;
        }
    }

    /// <summary>The level of <see cref="BeaconSampling"/> that a channel's pages should use.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="remoteLevel">Level that other processes need.</param>
    internal int GetLevel(ChannelName channel, int remoteLevel)
    {
        UpdateIfDue();
        lock (_gate)
        {
            if (!_sets.TryGetValue(channel, out var set))
            {
                return remoteLevel;
            }

            set.RemoteLevel = remoteLevel;
            return Math.Max(set.RetainedLevel, remoteLevel);
        }
    }

    /// <summary>Counts a beacon by its result.</summary>
    internal static void Count(BeaconOutcome outcome) => Beacons.Add(1, new KeyValuePair<string, object?>("result", LabelOf(outcome)));

    /// <summary>The metric label value of a result.</summary>
    internal static string LabelOf(BeaconOutcome outcome) => outcome switch
    {
        BeaconOutcome.Counted => "counted",
        BeaconOutcome.Left => "left",
        BeaconOutcome.Unsampled => "unsampled",
        BeaconOutcome.Crowded => "crowded",
        BeaconOutcome.Full => "full",
        BeaconOutcome.Nothing => "no_media",
        BeaconOutcome.Malformed => "malformed",
        _ => throw new ArgumentOutOfRangeException(nameof(outcome), outcome, "The result has no metric label."),
    };

    private TimeSpan Now => time.GetElapsedTime(_start);

    private void ShrinkLargest()
    {
        var largest = _sets.Values.MaxBy(set => set.Ids)!;
        var before = largest.Ids;
        largest.Shrink();
        _ids -= before - largest.Ids;
    }

    private void UpdateIfDue()
    {
        lock (_gate)
        {
            var now = Now;
            if (now - _updatedAt < UpdateInterval)
            {
                return;
            }

            _updatedAt = now;
            foreach (var (channel, set) in _sets.ToList())
            {
                set.Expire(now);
                if (set.Ids == 0 && set.CountedLevel == 0)
                {
                    _sets.Remove(channel);
                }
            }

            var all = (int)(options.Value.BeaconsPerSecond * BeaconSamplingPolicy.Interval.TotalSeconds);
            var maxSampleSize = BeaconSamplingPolicy.MaxPerChannel(_sets.Values.Select(set => set.Viewers), all);
            foreach (var (channel, set) in _sets)
            {
                var before = set.RetainedLevel;
                set.Plan(maxSampleSize, now);
                if (set.RetainedLevel != before)
                {
                    OriginLog.BeaconShareChanged(logger, channel, set.Viewers, 1L << set.RetainedLevel);
                }
            }

            _ids = _sets.Values.Sum(set => set.Ids);
            _samples = _sets.ToDictionary(pair => pair.Key, pair => pair.Value.Sample(pair.Key));
        }
    }
}
