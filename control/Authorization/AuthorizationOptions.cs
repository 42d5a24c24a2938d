namespace Broadcast.Control;

/// <summary>Who may publish: whoever has a stream key, whoever a webhook lets in, or who has both; and the webhook that decides on viewers. Section <c>Authorization</c>.</summary>
public sealed class AuthorizationOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Authorization";

    /// <summary>Shortest <see cref="Secret"/>, in characters.</summary>
    public const int MinSecret = 24;

    /// <summary>
    /// <c>keys</c> (default): our stream keys decide. <c>webhook</c>: the webhook alone decides; what the encoder presents is passed on to it, and the channel is the one that it
    /// names, or else the one so named. <c>both</c>: the key must be good, and then the webhook must agree.
    /// </summary>
    public string Policy { get; set; } = Keys;

    /// <summary>The form of requests and answers: <c>broadcast</c> (default), <c>nginx-rtmp</c>, <c>srs</c> or <c>mediamtx</c>.</summary>
    public string Form { get; set; } = BroadcastForm;

    /// <summary>Where to ask: <c>http://</c> or <c>https://</c>, whose certificate must be valid. Private addresses are fine, redirects are never followed.</summary>
    public string? Url { get; set; }

    /// <summary>Where to tell that somebody who was let in has ended; <see langword="null"/> to tell nobody. The form <c>mediamtx</c> has no such message.</summary>
    public string? DoneUrl { get; set; }

    /// <summary>What requests of the form <c>broadcast</c> are signed with: 24 characters or more, or <c>whsec_</c> and base 64.</summary>
    public string? Secret { get; set; }

    /// <summary>Longest that one request may take, waiting for its turn and the whole answer included. Default 3 s, 100 ms to 30 s.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>Requests under way at a time; others wait for their turn. Default 32, 1 to 1024.</summary>
    public int MaxConcurrent { get; set; } = 32;

    /// <summary>With <c>both</c>: whether a good key is enough while the webhook does not answer. Off: nobody is let in without its yes.</summary>
    public bool OpenWhenAway { get; set; }

    /// <summary>With <c>webhook</c>: whether a channel that the webhook names or asks for is made when there is none.</summary>
    public bool CreateChannels { get; set; }

    /// <summary>Where to ask about viewers of channels whose access is <c>webhook</c>, in our own form; <see langword="null"/> when no channel may have that.</summary>
    public string? ViewerUrl { get; set; }

    internal const string Keys = "keys";
    internal const string Webhook = "webhook";
    internal const string Both = "both";
    internal const string BroadcastForm = "broadcast";
    internal const string NginxForm = "nginx-rtmp";
    internal const string SrsForm = "srs";
    internal const string MediaMtxForm = "mediamtx";

    /// <summary>Whether anybody is asked.</summary>
    internal bool AsksWebhook => Policy != Keys;

    /// <summary>Whether our keys count for nothing.</summary>
    internal bool WebhookAlone => Policy == Webhook;

    /// <summary>Lists what is wrong.</summary>
    internal IEnumerable<string> Mistakes()
    {
        if (Policy is not (Keys or Webhook or Both))
        {
            yield return $"{Section}:{nameof(Policy)} must be {Keys}, {Webhook} or {Both}.";
        }

        if (Form is not (BroadcastForm or NginxForm or SrsForm or MediaMtxForm))
        {
            yield return $"{Section}:{nameof(Form)} must be {BroadcastForm}, {NginxForm}, {SrsForm} or {MediaMtxForm}.";
        }

        if (AsksWebhook && Url is null)
        {
            yield return $"{Section}:{nameof(Url)} is missing, which {nameof(Policy)} {Policy} needs.";
        }

        foreach (var (name, url) in new[] { (nameof(Url), Url), (nameof(DoneUrl), DoneUrl), (nameof(ViewerUrl), ViewerUrl) })
        {
            if (url is not null && !IsUrl(url))
            {
                yield return $"{Section}:{name} must be a whole http:// or https:// address without a user name in it.";
            }
        }

        if (AsksWebhook && Form == BroadcastForm && WebhookSignature.KeyOf(Secret) is null)
        {
            yield return $"{Section}:{nameof(Secret)} must be at least {MinSecret} characters, or whsec_ and base 64: requests of the form {BroadcastForm} are signed with it.";
        }

        if (ViewerUrl is not null && WebhookSignature.KeyOf(Secret) is null)
        {
            yield return $"{Section}:{nameof(Secret)} must be at least {MinSecret} characters, or whsec_ and base 64: requests to {nameof(ViewerUrl)} are signed with it.";
        }

        if (DoneUrl is not null && Form == MediaMtxForm)
        {
            yield return $"{Section}:{nameof(DoneUrl)} must not be set: the form {MediaMtxForm} has no message for the end.";
        }

        if (Timeout < TimeSpan.FromMilliseconds(100) || Timeout > TimeSpan.FromSeconds(30))
        {
            yield return $"{Section}:{nameof(Timeout)} must be between 00:00:00.1 and 00:00:30.";
        }

        if (MaxConcurrent is < 1 or > 1024)
        {
            yield return $"{Section}:{nameof(MaxConcurrent)} must be between 1 and 1024.";
        }

        if (OpenWhenAway && Policy != Both)
        {
            yield return $"{Section}:{nameof(OpenWhenAway)} needs {nameof(Policy)} {Both}: without a key of ours nobody is known while the webhook is away.";
        }

        if (CreateChannels && Policy != Webhook)
        {
            yield return $"{Section}:{nameof(CreateChannels)} needs {nameof(Policy)} {Webhook}: a key belongs to a channel already.";
        }
    }

    private static bool IsUrl(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps) && uri.UserInfo.Length == 0 && uri.Host.Length > 0;
}
