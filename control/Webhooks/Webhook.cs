using Broadcast.Control.Channels;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.Outbound;

namespace Broadcast.Control.Webhooks;

/// <summary>Webhook configuration and state.</summary>
/// <param name="Id">Id of eight characters.</param>
/// <param name="Url">URL of the receiver.</param>
/// <param name="Label">Purpose; may be empty.</param>
/// <param name="Types">Subscribed event types, of <see cref="WebhookEventTypes.All"/>; empty for all.</param>
/// <param name="Channels">Subscribed channels; empty for all.</param>
/// <param name="Enabled">Whether events are delivered.</param>
/// <param name="DisabledReason">Reason why the server disabled it; <see langword="null"/> otherwise.</param>
/// <param name="CreatedAt">Creation time.</param>
public sealed record WebhookInfo(
    string Id, string Url, string Label, IReadOnlyList<string> Types, IReadOnlyList<string> Channels, bool Enabled, string? DisabledReason,
    DateTimeOffset CreatedAt)
{
    /// <summary>Time until which requests are also signed with the previous secret.</summary>
    public DateTimeOffset? PreviousSecretExpiresAt { get; init; }

    /// <summary>Time of the last attempt.</summary>
    public DateTimeOffset? LastAttemptAt { get; init; }

    /// <summary>Time since which no delivery succeeded; <see langword="null"/> after a success.</summary>
    public DateTimeOffset? FailingSince { get; init; }

    /// <summary>Number of pending deliveries.</summary>
    public long Pending { get; init; }

    /// <summary>Number of events dropped because the queue was full.</summary>
    public long Dropped { get; init; }
}

/// <summary>Webhook with its secret, which is shown only once.</summary>
/// <param name="Info">Webhook without its secret.</param>
/// <param name="Secret">Signing secret: <c>whsec_</c> and base64.</param>
public sealed record IssuedWebhook(WebhookInfo Info, string Secret)
{
    /// <summary>Text without the secret.</summary>
    public override string ToString() => $"webhook {Info.Id}";
}

/// <summary>Requested settings of a webhook; <see langword="null"/> keeps a value, or uses the default for a new webhook.</summary>
/// <param name="Url">URL of the receiver.</param>
/// <param name="Label">Purpose.</param>
/// <param name="Types">Event types; empty for all, the default.</param>
/// <param name="Channels">Channels; empty for all, the default.</param>
/// <param name="Enabled">Whether events are delivered; default true. Setting it clears the reason for disabling.</param>
public sealed record WebhookSettings(string? Url = null, string? Label = null, IReadOnlyList<string>? Types = null,
    IReadOnlyList<string>? Channels = null, bool? Enabled = null);

/// <summary>Rules for webhook settings.</summary>
public static class WebhookRules
{
    /// <summary>Maximum number of webhooks per server.</summary>
    public const int MaxWebhooks = 50;

    /// <summary>Maximum length of URLs, in characters.</summary>
    public const int MaxUrl = 2000;

    /// <summary>Maximum number of channels in a subscription.</summary>
    public const int MaxChannels = 100;

    /// <summary>Default validity of the previous secret after a rotation.</summary>
    public static readonly TimeSpan DefaultOverlap = TimeSpan.FromDays(1);

    /// <summary>Maximum validity of the previous secret after a rotation.</summary>
    public static readonly TimeSpan MaxOverlap = TimeSpan.FromDays(7);

    internal static OperationException NotFound() =>
        new(OperationErrorCode.NotFound, "The webhook does not exist. 'broadcast webhook list' shows all webhooks.");

    /// <summary>Validates settings.</summary>
    /// <param name="settings">Requested settings.</param>
    /// <param name="isNew">Whether required members must be present.</param>
    /// <param name="connector">Connector that knows permitted targets; <see langword="null"/> to leave that check to the first
    /// delivery.</param>
    internal static IEnumerable<ValidationError> Validate(WebhookSettings settings, bool isNew, OutboundConnector? connector)
    {
        if (settings.Url is null && isNew)
        {
            yield return new("url", "'url' is missing.");
        }

        if (settings.Url is { } url)
        {
            if (url.Length > MaxUrl || !Uri.TryCreate(url, UriKind.Absolute, out var uri)
                || (uri.Scheme != Uri.UriSchemeHttps && uri.Scheme != Uri.UriSchemeHttp)
                || uri.Host.Length == 0 || uri.UserInfo.Length > 0 || uri.Fragment.Length > 0)
            {
                yield return new("url",
                    $"A webhook URL must be https:// or http://, at most {MaxUrl} characters, without user name and without '#'.");
            }
            else if (connector?.DenialReason(uri) is { } kind)
            {
                yield return new("url", new OutboundDeniedException(uri.IdnHost, kind, ControlOptions.AllowedTargetsOption).Message);
            }
        }

        if (settings.Label is { } label)
        {
            foreach (var error in ChannelRules.ValidateLabel(label, null, DateTimeOffset.MinValue))
            {
                yield return error;
            }
        }

        if (settings.Types is { } types && types.FirstOrDefault(t => !WebhookEventTypes.All.Contains(t, StringComparer.Ordinal))
            is not null)
        {
            yield return new("types", $"Types must be of {string.Join(", ", WebhookEventTypes.All)}; an empty list means all.");
        }

        if (settings.Channels is { } channels && (channels.Count > MaxChannels || channels.Any(c => !ChannelName.TryParse(c, out _))))
        {
            yield return new("channels", $"Channels must be at most {MaxChannels} channel names; an empty list means all.");
        }
    }
}
