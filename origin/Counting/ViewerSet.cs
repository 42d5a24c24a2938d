using System.Net;
using System.Numerics;
using Broadcast.Media;

namespace Broadcast.Origin.Counting;

/// <summary>What became of a beacon.</summary>
internal enum BeaconAnswer
{
    /// <summary>Its page is a viewer.</summary>
    Counted,

    /// <summary>Its page is none any more.</summary>
    Left,

    /// <summary>Its page is not in the sample: it has not heard of that yet.</summary>
    Unsampled,

    /// <summary>Its network has as many viewers as are counted.</summary>
    Crowded,

    /// <summary>There is no room for it.</summary>
    Full,

    /// <summary>Nothing is on that it could play.</summary>
    Nothing,

    /// <summary>It is no beacon.</summary>
    Malformed,
}

/// <summary>
/// Who watches one channel: ids that told of themselves lately, of the sample of a level. When the level falls, pages that were out of the sample need a moment to hear of it; until then the count goes by the deeper sample, all of whom
/// are there. Of each network no more ids are kept than its most viewers have in a sample, and in a deeper sample no more than chance brings there. Owned by <see cref="ViewerCounts"/>, under its lock. Times are of any one clock.
/// </summary>
/// <param name="mostOfNetwork">Viewers of one network that are counted.</param>
internal sealed class ViewerSet(int mostOfNetwork)
{
    /// <summary>How long a page counts after it told of itself: two of its beacons may be lost or late.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(75);

    /// <summary>How long until all pages have heard of a share and have told of themselves: they ask every 12 s at the latest, and then wait for <see cref="ShareRules.Every"/> at most.</summary>
    public static readonly TimeSpan Settling = TimeSpan.FromSeconds(60);

    private readonly Dictionary<ulong, (TimeSpan First, TimeSpan At, IPAddress? Network)> _seen = [];
    private readonly Dictionary<IPAddress, (int Kept, int Counted)> _networks = [];
    private TimeSpan _eased;

    /// <summary>Ids that are kept.</summary>
    public int Ids => _seen.Count;

    /// <summary>The level that pages are told, whose sample is kept.</summary>
    public int Kept { get; private set; }

    /// <summary>The level whose sample is counted; never below <see cref="Kept"/>.</summary>
    public int Counted { get; private set; }

    /// <summary>What this process needs, whatever others do.</summary>
    public int Wanted { get; private set; }

    /// <summary>What others were said to need.</summary>
    public int WantedElsewhere { get; set; }

    /// <summary>How many watch.</summary>
    public long Viewers => (long)(Counted == 0 ? _seen.Count : _seen.Keys.Count(id => ViewerShare.Has(id, Counted))) << Counted;

    /// <summary>Whether an id is one of those that are kept.</summary>
    public bool Has(ulong id) => _seen.ContainsKey(id);

    /// <summary>A page plays.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="network">Where it comes from; <see langword="null"/> where that is not known.</param>
    /// <param name="now">The time.</param>
    public BeaconAnswer Add(ulong id, IPAddress? network, TimeSpan now)
    {
        if (!ViewerShare.Has(id, Kept))
        {
            return BeaconAnswer.Unsampled;
        }

        if (_seen.TryGetValue(id, out var known))
        {
            _seen[id] = known with { At = now };
            return BeaconAnswer.Counted;
        }

        if (!TryEnter(id, network))
        {
            return BeaconAnswer.Crowded;
        }

        _seen.Add(id, (now, now, network));
        return BeaconAnswer.Counted;
    }

    /// <summary>A page plays no more.</summary>
    /// <returns>Whether it was one of those that are kept.</returns>
    public bool Remove(ulong id)
    {
        if (!_seen.Remove(id, out var gone))
        {
            return false;
        }

        if (gone.Network is { } network)
        {
            var (kept, counted) = _networks[network];
            if (kept == 1)
            {
                _networks.Remove(network);
            }
            else
            {
                _networks[network] = (kept - 1, counted - (ViewerShare.Has(id, Counted) ? 1 : 0));
            }
        }

        return true;
    }

    /// <summary>Forgets who has not told of itself for <see cref="Lifetime"/>, and of a sample what chance did not bring there.</summary>
    public void Expire(TimeSpan now)
    {
        foreach (var id in _seen.Where(seen => now - seen.Value.At > Lifetime).Select(seen => seen.Key).ToList())
        {
            Remove(id);
        }

        if (Counted > 0)
        {
            DropSurplus();
        }
    }

    /// <summary>Decides what share of pages is to tell of itself.</summary>
    /// <param name="most">How many may.</param>
    /// <param name="now">The time.</param>
    public void Plan(long most, TimeSpan now)
    {
        if (Counted > Kept && now - _eased >= Settling)
        {
            Change(Kept, Kept);
        }

        // Before a sample is what is counted, what was made up to be in it goes; the level does not become deeper for that.
        if (Math.Max(WantedElsewhere, ShareRules.Level(Wanted, Viewers, most)) > Counted)
        {
            DropSurplus();
        }

        // Deeper at once; less deep only when what was begun before is what is counted.
        var wanted = ShareRules.Level(Wanted, Viewers, most);
        if (wanted > Wanted || Counted == Kept)
        {
            Wanted = wanted;
        }

        var offered = Math.Max(Wanted, WantedElsewhere);
        if (offered != Kept)
        {
            _eased = offered < Kept ? now : _eased;
            Change(offered, Math.Max(Counted, offered));
        }
    }

    /// <summary>There is no room for so many: keeps no more than chance brings; when that frees little, a sample half as large; and when no sample is smaller, the older half. Called again it frees more.</summary>
    public void Shrink()
    {
        var before = Ids;
        DropSurplus();
        if (before - Ids >= Math.Max(1, before / 16))
        {
            return;
        }

        if (Kept < ViewerShare.MaxLevel)
        {
            Change(Kept + 1, Math.Max(Counted, Kept + 1));
            Wanted = Math.Max(Wanted, Kept);
            return;
        }

        DropNewest((Ids + 1) / 2, Kept);
    }

    /// <summary>The set as it is told to other processes.</summary>
    public ViewerSample Sample(ChannelName channel)
    {
        var depth = Counted;
        List<ulong> ids = [.. _seen.Keys.Where(id => ViewerShare.Has(id, depth))];
        var viewers = (long)ids.Count << depth;
        while (ids.Count > ViewerSample.MaxIds && depth < ViewerShare.MaxLevel)
        {
            depth++;
            ids.RemoveAll(id => !ViewerShare.Has(id, depth));
        }

        return new(channel, viewers, Wanted, depth, ids.Count > ViewerSample.MaxIds ? ids[..ViewerSample.MaxIds] : ids);
    }

    /// <summary>Other levels: of each network only so many ids stay as may be in them. An id that was made up to be in a deep sample counts there for no more.</summary>
    private void Change(int kept, int counted)
    {
        (Kept, Counted) = (kept, counted);
        _networks.Clear();
        foreach (var (id, seen) in _seen.ToList())
        {
            if (!ViewerShare.Has(id, Kept) || !TryEnter(id, seen.Network))
            {
                _seen.Remove(id);
            }
        }
    }

    /// <summary>Drops from each deeper sample what is more than chance brings there, the deepest first, and there the newest. By chance, that is by the whole of the sample that is counted.</summary>
    private void DropSurplus()
    {
        var sizes = new int[ViewerShare.MaxLevel + 1];
        foreach (var id in _seen.Keys)
        {
            sizes[Math.Min(BitOperations.LeadingZeroCount(id), ViewerShare.MaxLevel)]++;
        }

        for (var level = ViewerShare.MaxLevel - 1; level >= 0; level--)
        {
            sizes[level] += sizes[level + 1];
        }

        var all = sizes[Counted];
        for (var level = ViewerShare.MaxLevel; level > Counted; level--)
        {
            var size = sizes[level] - (sizes[Counted] - all);   // less what was dropped of deeper ones
            var surplus = size - ShareRules.MostByChance(all - size, ViewerShare.Of(level - Counted));
            if (surplus > 0)
            {
                DropNewest(surplus, level);
                all -= surplus;
            }
        }
    }

    private void DropNewest(int count, int level)
    {
        foreach (var id in _seen.Where(seen => ViewerShare.Has(seen.Key, level)).OrderByDescending(seen => seen.Value.First).Take(count).Select(seen => seen.Key).ToList())
        {
            Remove(id);
        }
    }

    /// <summary>One more of a network; <see langword="false"/> when it has as many as it may have.</summary>
    private bool TryEnter(ulong id, IPAddress? network)
    {
        if (network is null)
        {
            return true;
        }

        var (kept, counted) = _networks.GetValueOrDefault(network);
        var isCounted = ViewerShare.Has(id, Counted);
        if (kept >= ShareRules.MostOfNetwork(mostOfNetwork, Kept) || (isCounted && counted >= ShareRules.MostOfNetwork(mostOfNetwork, Counted)))
        {
            return false;
        }

        _networks[network] = (kept + 1, counted + (isCounted ? 1 : 0));
        return true;
    }
}
