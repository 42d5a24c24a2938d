using System.Net;
using System.Numerics;
using Broadcast.Media;
using Broadcast.Media.OriginToControl;

namespace Broadcast.Origin.ViewerCounting;

/// <summary>Result of a beacon.</summary>
internal enum BeaconOutcome
{
    /// <summary>The page is counted as a viewer.</summary>
    Counted,

    /// <summary>The page is no longer a viewer.</summary>
    Left,

    /// <summary>The page is not in the sample and has not learned that yet.</summary>
    Unsampled,

    /// <summary>The page's network has its maximum number of viewers.</summary>
    Crowded,

    /// <summary>No memory is left for the id.</summary>
    Full,

    /// <summary>The channel has nothing to play.</summary>
    Nothing,

    /// <summary>The request is not a beacon.</summary>
    Malformed,
}

/// <summary>
/// Viewers of one channel: ids with recent beacons, in the sample of a level. When the level falls, pages outside the sample need time to
/// learn it; until then, the deeper and complete sample is counted. The number of ids per network and the number of ids in deeper samples
/// are limited to statistically plausible values. Guarded by the lock of <see cref="ViewerCounts"/>. Times are of any one clock.
/// </summary>
/// <param name="maxPerNetwork">Maximum viewers counted per network.</param>
internal sealed class ViewerSet(int maxPerNetwork)
{
    /// <summary>Time that a page counts after its last beacon: two of its beacons may be lost or late.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(75);

    /// <summary>
    /// Time until all pages know a new share and have sent a beacon. They request it every 12 s at the latest, and then wait at most
    /// <see cref="BeaconSamplingPolicy.Interval"/>.
    /// </summary>
    public static readonly TimeSpan SettlingTime = TimeSpan.FromSeconds(60);

    private readonly Dictionary<ulong, (TimeSpan First, TimeSpan At, IPAddress? Network)> _seen = [];
    private readonly Dictionary<IPAddress, (int Kept, int Counted)> _networks = [];
    private TimeSpan _loweredAt;

    /// <summary>Number of ids.</summary>
    public int Ids => _seen.Count;

    /// <summary>The announced level, whose sample is retained.</summary>
    public int RetainedLevel { get; private set; }

    /// <summary>The level whose sample is counted; never below <see cref="RetainedLevel"/>.</summary>
    public int CountedLevel { get; private set; }

    /// <summary>Level that this process needs, regardless of others.</summary>
    public int WantedLevel { get; private set; }

    /// <summary>Level that other processes need.</summary>
    public int RemoteLevel { get; set; }

    /// <summary>Number of viewers.</summary>
    public long Viewers => (long)(CountedLevel == 0 ? _seen.Count : _seen.Keys.Count(id => BeaconSampling.Contains(id, CountedLevel)))
        << CountedLevel;

    /// <summary>Returns whether an id is in the set.</summary>
    public bool Contains(ulong id) => _seen.ContainsKey(id);

    /// <summary>Records that a page plays.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="network">Its network; <see langword="null"/> when unknown.</param>
    /// <param name="now">The current time.</param>
    public BeaconOutcome Add(ulong id, IPAddress? network, TimeSpan now)
    {
        if (!BeaconSampling.Contains(id, RetainedLevel))
        {
            return BeaconOutcome.Unsampled;
        }

        if (_seen.TryGetValue(id, out var known))
        {
            _seen[id] = known with { At = now };
            return BeaconOutcome.Counted;
        }

        if (!TryEnter(id, network))
        {
            return BeaconOutcome.Crowded;
        }

        _seen.Add(id, (now, now, network));
        return BeaconOutcome.Counted;
    }

    /// <summary>Records that a page stopped playing.</summary>
    /// <returns>Whether the id was in the set.</returns>
    public bool Remove(ulong id)
    {
        if (!_seen.Remove(id, out var removed))
        {
            return false;
        }

        if (removed.Network is { } network)
        {
            var (retained, counted) = _networks[network];
            if (retained == 1)
            {
                _networks.Remove(network);
            }
            else
            {
                _networks[network] = (retained - 1, counted - (BeaconSampling.Contains(id, CountedLevel) ? 1 : 0));
            }
        }

        return true;
    }

    /// <summary>Removes ids without a beacon for <see cref="Lifetime"/>, and implausible ids of deeper samples.</summary>
    public void Expire(TimeSpan now)
    {
        foreach (var id in _seen.Where(seen => now - seen.Value.At > Lifetime).Select(seen => seen.Key).ToList())
        {
            Remove(id);
        }

        if (CountedLevel > 0)
        {
            DropSurplus();
        }
    }

    /// <summary>Determines the level.</summary>
    /// <param name="maxSampleSize">Maximum sample size.</param>
    /// <param name="now">The current time.</param>
    public void Plan(long maxSampleSize, TimeSpan now)
    {
        if (CountedLevel > RetainedLevel && now - _loweredAt >= SettlingTime)
        {
            Change(RetainedLevel, RetainedLevel);
        }

        // Before a deeper sample is counted, forged ids in it are removed; they do not raise the level.
        if (Math.Max(RemoteLevel, BeaconSamplingPolicy.Level(WantedLevel, Viewers, maxSampleSize)) > CountedLevel)
        {
            DropSurplus();
        }

        // The level rises at once. It falls only when the previous fall is complete.
        var wanted = BeaconSamplingPolicy.Level(WantedLevel, Viewers, maxSampleSize);
        if (wanted > WantedLevel || CountedLevel == RetainedLevel)
        {
            WantedLevel = wanted;
        }

        var offered = Math.Max(WantedLevel, RemoteLevel);
        if (offered != RetainedLevel)
        {
            _loweredAt = offered < RetainedLevel ? now : _loweredAt;
            Change(offered, Math.Max(CountedLevel, offered));
        }
    }

    /// <summary>
    /// Frees memory: first implausible ids of deeper samples; if that frees little, half of the sample; at the deepest level, the newer
    /// half. Repeated calls free more.
    /// </summary>
    public void Shrink()
    {
        var before = Ids;
        DropSurplus();
        if (before - Ids >= Math.Max(1, before / 16))
        {
            return;
        }

        if (RetainedLevel < BeaconSampling.MaxLevel)
        {
            Change(RetainedLevel + 1, Math.Max(CountedLevel, RetainedLevel + 1));
            WantedLevel = Math.Max(WantedLevel, RetainedLevel);
            return;
        }

        DropNewest((Ids + 1) / 2, RetainedLevel);
    }

    /// <summary>The set as reported to other processes.</summary>
    public ViewerSketch Sample(ChannelName channel)
    {
        var depth = CountedLevel;
        List<ulong> ids = [.. _seen.Keys.Where(id => BeaconSampling.Contains(id, depth))];
        var viewers = (long)ids.Count << depth;
        while (ids.Count > ViewerSketch.MaxIds && depth < BeaconSampling.MaxLevel)
        {
            depth++;
            ids.RemoveAll(id => !BeaconSampling.Contains(id, depth));
        }

        return new(channel, viewers, WantedLevel, depth, ids.Count > ViewerSketch.MaxIds ? ids[..ViewerSketch.MaxIds] : ids);
    }

    /// <summary>
    /// Changes the levels and limits each network to the ids that it may have in them. An id forged for a deep sample counts there for no
    /// more.
    /// </summary>
    private void Change(int retained, int counted)
    {
        (RetainedLevel, CountedLevel) = (retained, counted);
        _networks.Clear();
        foreach (var (id, seen) in _seen.ToList())
        {
            if (!BeaconSampling.Contains(id, RetainedLevel) || !TryEnter(id, seen.Network))
            {
                _seen.Remove(id);
            }
        }
    }

    /// <summary>
    /// Removes implausible ids from each deeper sample, the deepest first, and the newest ids first. The size of the counted sample
    /// determines the plausible number.
    /// </summary>
    private void DropSurplus()
    {
        var sizes = new int[BeaconSampling.MaxLevel + 1];
        foreach (var id in _seen.Keys)
        {
            sizes[Math.Min(BitOperations.LeadingZeroCount(id), BeaconSampling.MaxLevel)]++;
        }

        for (var level = BeaconSampling.MaxLevel - 1; level >= 0; level--)
        {
            sizes[level] += sizes[level + 1];
        }

        var all = sizes[CountedLevel];
        for (var level = BeaconSampling.MaxLevel; level > CountedLevel; level--)
        {
            var size = sizes[level] - (sizes[CountedLevel] - all);   // minus ids removed from deeper samples
            var surplus = size - BeaconSamplingPolicy.MaxByChance(all - size, BeaconSampling.FractionOf(level - CountedLevel));
            if (surplus > 0)
            {
                DropNewest(surplus, level);
                all -= surplus;
            }
        }
    }

    private void DropNewest(int count, int level)
    {
        foreach (var id in _seen.Where(seen => BeaconSampling.Contains(seen.Key, level)).OrderByDescending(seen => seen.Value.First)
            .Take(count).Select(seen => seen.Key).ToList())
        {
            Remove(id);
        }
    }

    /// <summary>Counts an id for its network; <see langword="false"/> when the network has its maximum.</summary>
    private bool TryEnter(ulong id, IPAddress? network)
    {
        if (network is null)
        {
            return true;
        }

        var (retained, counted) = _networks.GetValueOrDefault(network);
        var isCounted = BeaconSampling.Contains(id, CountedLevel);
        if (retained >= BeaconSamplingPolicy.MaxPerNetwork(maxPerNetwork, RetainedLevel)
            || (isCounted && counted >= BeaconSamplingPolicy.MaxPerNetwork(maxPerNetwork, CountedLevel)))
        {
            return false;
        }

        _networks[network] = (retained + 1, counted + (isCounted ? 1 : 0));
        return true;
    }
}
