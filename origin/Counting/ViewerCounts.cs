using System.Diagnostics.Metrics;
using System.Net;
using Broadcast.Media;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.Counting;

/// <summary>
/// Who watches at this process, by the beacons of pages that play. Safe to use from any thread. Bounded by <see cref="MaxIds"/>: when there are more, the largest audience is counted by a sample half as large, and so on; other channels
/// lose nothing by it. What is old is forgotten and shares are planned once a second, by whoever asks first.
/// </summary>
/// <param name="options">How many beacons there may be.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Where shares are told.</param>
public sealed class ViewerCounts(IOptions<OriginOptions> options, TimeProvider time, ILogger<ViewerCounts> logger) : IViewerCounter
{
    /// <summary>Most ids that are remembered, of all channels together: some 100 bytes each.</summary>
    public const int MaxIds = 131_072;

    private static readonly Counter<long> Beacons = Telemetry.Meter.CreateCounter<long>("broadcast_beacons", "{beacon}", "Beacons of pages that play, by what became of them.");
    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(1);
    private readonly Dictionary<ChannelName, ViewerSet> _sets = [];
    private readonly Lock _gate = new();
    private readonly long _start = time.GetTimestamp();
    private volatile IReadOnlyDictionary<ChannelName, ViewerSample> _told = new Dictionary<ChannelName, ViewerSample>();
    private TimeSpan _turned = -Turn;
    private int _ids;

    /// <inheritdoc/>
    public ViewerSample? Find(ChannelName channel)
    {
        TakeTurn();
        return _told.GetValueOrDefault(channel);
    }

    /// <inheritdoc/>
    public IReadOnlyList<ViewerSample> Read()
    {
        TakeTurn();
        return [.. _told.Values];
    }

    /// <summary>Takes a beacon.</summary>
    /// <param name="channel">The channel that is watched; one that is there, so that nobody can make up any number of them.</param>
    /// <param name="beacon">The beacon.</param>
    /// <param name="network">Where it comes from; <see langword="null"/> where that is not known.</param>
    internal BeaconAnswer Take(ChannelName channel, Beacon beacon, IPAddress? network)
    {
        TakeTurn();
        lock (_gate)
        {
            if (beacon.IsLeaving)
            {
                if (_sets.TryGetValue(channel, out var left) && left.Remove(beacon.Id))
                {
                    _ids--;
                }

                return BeaconAnswer.Left;
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

            // What was kept, unless there had to be room.
            return answer != BeaconAnswer.Counted || set.Has(beacon.Id) ? answer
                : ViewerShare.Has(beacon.Id, set.Kept) ? BeaconAnswer.Full : BeaconAnswer.Unsampled;
        }
    }

    /// <summary>The level of <see cref="ViewerShare"/> that pages of a channel are told.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="elsewhere">What other processes need.</param>
    internal int Offer(ChannelName channel, int elsewhere)
    {
        TakeTurn();
        lock (_gate)
        {
            if (!_sets.TryGetValue(channel, out var set))
            {
                return elsewhere;
            }

            set.WantedElsewhere = elsewhere;
            return Math.Max(set.Kept, elsewhere);
        }
    }

    /// <summary>Counts a beacon by what became of it.</summary>
    internal static void Count(BeaconAnswer answer) => Beacons.Add(1, new KeyValuePair<string, object?>("answer", Word(answer)));

    /// <summary>An answer as the metric's label says it.</summary>
    internal static string Word(BeaconAnswer answer) => answer switch
    {
        BeaconAnswer.Counted => "counted",
        BeaconAnswer.Left => "left",
        BeaconAnswer.Unsampled => "unsampled",
        BeaconAnswer.Crowded => "crowded",
        BeaconAnswer.Full => "full",
        BeaconAnswer.Nothing => "nothing",
        _ => "malformed",
    };

    private TimeSpan Now => time.GetElapsedTime(_start);

    private void ShrinkLargest()
    {
        var largest = _sets.Values.MaxBy(set => set.Ids)!;
        var before = largest.Ids;
        largest.Shrink();
        _ids -= before - largest.Ids;
    }

    private void TakeTurn()
    {
        lock (_gate)
        {
            var now = Now;
            if (now - _turned < Turn)
            {
                return;
            }

            _turned = now;
            foreach (var (channel, set) in _sets.ToList())
            {
                set.Expire(now);
                if (set.Ids == 0 && set.Counted == 0)
                {
                    _sets.Remove(channel);
                }
            }

            var all = (int)(options.Value.BeaconsPerSecond * ShareRules.Every.TotalSeconds);
            var most = ShareRules.MostEach(_sets.Values.Select(set => set.Viewers), all);
            foreach (var (channel, set) in _sets)
            {
                var before = set.Kept;
                set.Plan(most, now);
                if (set.Kept != before)
                {
                    OriginLog.ShareChanged(logger, channel, set.Viewers, 1L << set.Kept);
                }
            }

            _ids = _sets.Values.Sum(set => set.Ids);
            _told = _sets.ToDictionary(pair => pair.Key, pair => pair.Value.Sample(pair.Key));
        }
    }
}
