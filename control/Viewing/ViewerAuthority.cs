using Broadcast.Media;

namespace Broadcast.Control;

/// <summary>Decides who may watch: from memory, or, where a channel's webhook does, by asking that.</summary>
internal sealed class ViewerAuthority(ViewingRegister register, HookedViewers hooked, TimeProvider time) : IViewerAuthority
{
    /// <summary>How long others may keep a yes: what a revoked token, or a channel that is public no more, still opens at an edge.</summary>
    internal static readonly TimeSpan YesHolds = TimeSpan.FromSeconds(5);

    /// <summary>How long others may keep a no: it keeps floods away, and who was let in meanwhile does not wait.</summary>
    internal static readonly TimeSpan NoHolds = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public ValueTask<ViewerVerdict> AuthorizeAsync(ViewerRequest request, CancellationToken cancellationToken)
    {
        if (register.Find(request.Channel) is not { } policy)
        {
            return new(register.IsKnown ? new ViewerVerdict(ViewerRefusal.NoChannel, NoHolds) : new ViewerVerdict(ViewerRefusal.Away, TimeSpan.Zero));
        }

        // What an edge keeps under the channel alone would count for sessions that others may watch.
        var verdict = JudgeAsync(policy, request, cancellationToken);
        return policy.Sessions.Count == 0 && request.Noted is null ? verdict : OfSessionAsync(verdict);
    }

    /// <inheritdoc/>
    public ViewerAccess? AccessOf(ChannelName channel, SessionId? session = null, ViewerAccess? noted = null) => register.Find(channel)?.AccessOf(session, noted);

    private static async ValueTask<ViewerVerdict> OfSessionAsync(ValueTask<ViewerVerdict> verdict) => await verdict with { IsOfSession = true };

    private ValueTask<ViewerVerdict> JudgeAsync(ViewingPolicy policy, ViewerRequest request, CancellationToken cancellationToken)
    {
        // What else is for previews is judged as any other token is: it may open what the audience gets.
        if (ViewerToken.AsksForPreviews(request.Token) && OfToken(policy, request) is { IsAllowed: true } good)
        {
            return new(good with { MayPreview = true });
        }

        return policy.AccessOf(request.Session, request.Noted) switch
        {
            // A token does no harm where none is needed: links go on when their channel becomes public.
            ViewerAccess.Public => new(new ViewerVerdict(null, YesHolds)),
            ViewerAccess.Webhook => hooked.AuthorizeAsync(request, cancellationToken),
            _ => new(OfToken(policy, request)),
        };
    }

    private ViewerVerdict OfToken(ViewingPolicy policy, ViewerRequest request)
    {
        var now = time.GetUtcNow();
        if (policy.Judge(request.Channel, request.Token, request.Address, now, out var token) is { } refusal)
        {
            return new(refusal, NoHolds);
        }

        var left = token!.ExpiresAt - now;
        return new(null, left < YesHolds ? left : YesHolds);
    }
}
