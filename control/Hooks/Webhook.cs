using Broadcast.Media;

namespace Broadcast.Control;

/// <summary>A webhook: whom the server tells of what happens.</summary>
/// <param name="Id">Eight characters.</param>
/// <param name="Url">Where it is told.</param>
/// <param name="Label">What it is for; may be empty.</param>
/// <param name="Types">What it hears of, of <see cref="HookTypes.All"/>; empty for all.</param>
/// <param name="Channels">The channels that it hears of; empty for all.</param>
/// <param name="Enabled">Whether it is told anything.</param>
/// <param name="DisabledReason">Why the server switched it off; <see langword="null"/> when it did not.</param>
/// <param name="CreatedAt">When it was made.</param>
public sealed record HookInfo(
    string Id, string Url, string Label, IReadOnlyList<string> Types, IReadOnlyList<string> Channels, bool Enabled, string? DisabledReason, DateTimeOffset CreatedAt)
{
    /// <summary>Until when requests are signed with the secret before, too.</summary>
    public DateTimeOffset? OldSecretUntil { get; init; }

    /// <summary>When it was last tried to tell it something.</summary>
    public DateTimeOffset? TriedAt { get; init; }

    /// <summary>Since when nothing has arrived; <see langword="null"/> while things do.</summary>
    public DateTimeOffset? FailingSince { get; init; }

    /// <summary>What waits to be told.</summary>
    public long Waiting { get; init; }

    /// <summary>What it was never told because too much waited.</summary>
    public long Dropped { get; init; }
}

/// <summary>A webhook with its secret, which is shown this once.</summary>
/// <param name="Info">What may be known of it.</param>
/// <param name="Secret">What requests are signed with: <c>whsec_</c> and base 64.</param>
public sealed record IssuedHook(HookInfo Info, string Secret)
{
    /// <summary>Without the secret.</summary>
    public override string ToString() => $"webhook {Info.Id}";
}

/// <summary>What a webhook shall be; <see langword="null"/> leaves a value as it is, or is the default for a new one.</summary>
/// <param name="Url">Where it is told.</param>
/// <param name="Label">What it is for.</param>
/// <param name="Types">What it hears of; empty for all, the default.</param>
/// <param name="Channels">The channels that it hears of; empty for all, the default.</param>
/// <param name="Enabled">Whether it is told anything; default yes. Switching it on forgets why it was switched off.</param>
public sealed record HookSettings(string? Url = null, string? Label = null, IReadOnlyList<string>? Types = null, IReadOnlyList<string>? Channels = null, bool? Enabled = null);

/// <summary>What a webhook may be.</summary>
public static class HookRules
{
    /// <summary>Most webhooks of a server.</summary>
    public const int MaxWebhooks = 50;

    /// <summary>Longest address, in characters.</summary>
    public const int MaxUrl = 2000;

    /// <summary>Most channels that one can be for; one for more is for all.</summary>
    public const int MaxChannels = 100;

    /// <summary>How long the secret before is good for after a new one was made, unless something else is said.</summary>
    public static readonly TimeSpan DefaultOverlap = TimeSpan.FromDays(1);

    /// <summary>Longest time for that.</summary>
    public static readonly TimeSpan MaxOverlap = TimeSpan.FromDays(7);

    internal static ControlException NotFound() => new(ControlCode.NotFound, "There is no such webhook. 'broadcast webhook list' shows those there are.");

    /// <summary>Lists what is wrong.</summary>
    /// <param name="settings">What somebody wishes.</param>
    /// <param name="isNew">Whether it has to be whole.</param>
    /// <param name="connector">Who knows where URLs may lead to; <see langword="null"/> where nobody does, and the first delivery tells.</param>
    internal static IEnumerable<Mistake> Mistakes(HookSettings settings, bool isNew, OutboundConnector? connector)
    {
        if (settings.Url is null && isNew)
        {
            yield return new("url", "'url' is missing.");
        }

        if (settings.Url is { } url)
        {
            if (url.Length > MaxUrl || !Uri.TryCreate(url, UriKind.Absolute, out var uri) || (uri.Scheme != Uri.UriSchemeHttps && uri.Scheme != Uri.UriSchemeHttp)
                || uri.Host.Length == 0 || uri.UserInfo.Length > 0 || uri.Fragment.Length > 0)
            {
                yield return new("url", $"A webhook's address is https:// or http://, at most {MaxUrl} characters, without a user name and without '#'.");
            }
            else if (connector?.Refusal(uri) is { } kind)
            {
                yield return new("url", new OutboundRefusedException(uri.IdnHost, kind).Message);
            }
        }

        if (settings.Label is { } label)
        {
            foreach (var mistake in ChannelRules.LabelMistakes(label, null, DateTimeOffset.MinValue))
            {
                yield return mistake;
            }
        }

        if (settings.Types is { } types && types.FirstOrDefault(t => !HookTypes.All.Contains(t, StringComparer.Ordinal)) is not null)
        {
            yield return new("types", $"Types are of {string.Join(", ", HookTypes.All)}; an empty list is all of them.");
        }

        if (settings.Channels is { } channels && (channels.Count > MaxChannels || channels.Any(c => !ChannelName.TryParse(c, out _))))
        {
            yield return new("channels", $"Channels are names of channels, at most {MaxChannels}; an empty list is all of them.");
        }
    }
}
