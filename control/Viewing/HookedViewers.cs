using System.Net;
using Broadcast.Media;

namespace Broadcast.Control;

/// <summary>
/// The viewers of channels whose webhook decides: each is asked about once, by channel, token and address (IPv6: the /64), and remembered for as long as the answer says. Who is asked about
/// when the webhook does not answer is let in only when the last answer was yes and is not older than <see cref="Trusted"/>.
/// </summary>
internal sealed class HookedViewers(ViewerWebhook webhook, TimeProvider time)
{
    /// <summary>Most viewers remembered at a time; when it is reached, the tenth whose answers were over first is forgotten.</summary>
    public const int MaxRemembered = 100_000;

    /// <summary>How long after its end a yes still counts while the webhook does not answer.</summary>
    public static readonly TimeSpan Trusted = TimeSpan.FromMinutes(5);

    /// <summary>How long nobody is asked about a viewer again after there was no answer.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    /// <summary>Viewers of one address, refused within a minute, after which others there are refused unasked.</summary>
    private const int RefusedPerMinute = 100;

    /// <summary>New viewers of one address who are asked about at a time; a household or an office has fewer, who floods more.</summary>
    private const int MaxAskedOfAddress = 50;

    /// <summary>New viewers who are asked about at a time.</summary>
    private const int MaxAsked = 2_000;

    private readonly Dictionary<Viewer, Known> _known = [];
    private readonly Dictionary<string, int> _askedOf = [];
    private int _asked;
    private readonly FailureCount _refused = new(time);
    private readonly Lock _lock = new();

    /// <summary>Decides.</summary>
    public async ValueTask<ViewerVerdict> AuthorizeAsync(ViewerRequest request, CancellationToken cancellationToken)
    {
        var viewer = new Viewer(request.Channel, request.Token, request.Address is { } address ? SubscriberNetwork.Of(address) : null);
        Task<Known> asking;
        lock (_lock)
        {
            var now = time.GetUtcNow();
            var known = _known.GetValueOrDefault(viewer);
            if (known is { Asking: null } && now < known.AskAgainAt)
            {
                return Verdict(viewer, known, now);
            }

            if (known is null)
            {
                if (_refused.Of(viewer.Network?.ToString()) >= RefusedPerMinute)
                {
                    return new(ViewerRefusal.Denied, IsKeptByAddress(viewer) ? ViewerAuthority.NoHolds : TimeSpan.Zero);
                }

                if (_asked >= MaxAsked || _askedOf.GetValueOrDefault(KeyOf(viewer)) >= MaxAskedOfAddress)
                {
                    return new(ViewerRefusal.Away, TimeSpan.Zero);
                }

                MakeRoom();
                _known[viewer] = known = new();
            }

            // All who want to know wait for one answer, and it is remembered when none of them waits any more.
            asking = known.Asking ??= Ask(viewer, request, known);
        }

        var answered = await asking.WaitAsync(cancellationToken);
        lock (_lock)
        {
            return Verdict(viewer, answered, time.GetUtcNow());
        }
    }

    private Task<Known> Ask(Viewer viewer, ViewerRequest request, Known known)
    {
        _asked++;
        _askedOf[KeyOf(viewer)] = _askedOf.GetValueOrDefault(KeyOf(viewer)) + 1;
        return AskAsync(viewer, request, known);
    }

    private async Task<Known> AskAsync(Viewer viewer, ViewerRequest request, Known known)
    {
        await Task.Yield();   // the lock is not held while it is asked
        var answer = await webhook.AskAsync(request);
        lock (_lock)
        {
            var now = time.GetUtcNow();
            known.Asking = null;
            _asked--;
            if (--_askedOf[KeyOf(viewer)] == 0)
            {
                _askedOf.Remove(KeyOf(viewer));
            }

            if (answer.IsAllowed is { } isAllowed)
            {
                (known.IsAllowed, known.HoldsUntil, known.AskAgainAt) = (isAllowed, now + answer.Holds, now + answer.Holds);
                if (!isAllowed)
                {
                    _refused.Add(viewer.Network?.ToString());
                }
            }
            else
            {
                known.AskAgainAt = now + Pause;
            }

            return known;
        }
    }

    private static ViewerVerdict Verdict(Viewer viewer, Known known, DateTimeOffset now)
    {
        TimeSpan Holds(TimeSpan most) => !IsKeptByAddress(viewer) ? TimeSpan.Zero : known.AskAgainAt - now < most ? known.AskAgainAt - now : most;
        return known.IsAllowed switch
        {
            true when now < known.HoldsUntil + Trusted => new(null, Holds(ViewerAuthority.YesHolds)),
            false when now < known.HoldsUntil => new(ViewerRefusal.Denied, Holds(ViewerAuthority.NoHolds)),
            _ => new(ViewerRefusal.Away, TimeSpan.Zero),
        };
    }

    /// <summary>An edge keeps answers about tokens of our own form apart by token alone, and those without a token by channel alone: there it is to ask about each viewer.</summary>
    private static bool IsKeptByAddress(Viewer viewer) => viewer.Token is not null && !(ViewerToken.TryParse(viewer.Token, out var token) && token.Network is null);

    private static string KeyOf(Viewer viewer) => viewer.Network?.ToString() ?? "";

    private void MakeRoom()
    {
        if (_known.Count < MaxRemembered)
        {
            return;
        }

        foreach (var viewer in _known.Where(k => k.Value.Asking is null).OrderBy(k => k.Value.HoldsUntil).Take(MaxRemembered / 10).Select(k => k.Key).ToList())
        {
            _known.Remove(viewer);
        }
    }

    private readonly record struct Viewer(ChannelName Channel, string? Token, IPAddress? Network);

    private sealed class Known
    {
        public Task<Known>? Asking { get; set; }

        public bool? IsAllowed { get; set; }

        public DateTimeOffset HoldsUntil { get; set; }

        public DateTimeOffset AskAgainAt { get; set; }
    }
}
