using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Broadcast.Media;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Control;

/// <summary>What the webhook made of a viewer.</summary>
/// <param name="IsAllowed">Yes or no; <see langword="null"/> when there was no answer that means anything.</param>
/// <param name="Holds">How long to remember it.</param>
internal readonly record struct ViewerAnswer(bool? IsAllowed, TimeSpan Holds);

/// <summary>
/// Asks <see cref="AuthorizationOptions.ViewerUrl"/> about viewers, with the limits and the signature of the requests about publishers, but connections of its own: a flood of viewers must not
/// keep publishers waiting.
/// </summary>
internal sealed class ViewerWebhook(IOptions<AuthorizationOptions> options, TimeProvider time, ILogger<ViewerWebhook> logger) : IDisposable
{
    /// <summary>How long a yes is remembered that does not say so.</summary>
    public static readonly TimeSpan UsualYes = TimeSpan.FromSeconds(60);

    /// <summary>How long a no is remembered that does not say so.</summary>
    public static readonly TimeSpan UsualNo = TimeSpan.FromSeconds(10);

    /// <summary>Longest that an answer may ask to be remembered.</summary>
    public static readonly TimeSpan MaxHolds = TimeSpan.FromHours(1);

    private const int MaxAnswer = 4 * 1024;
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 8, AllowDuplicateProperties = false };
    private static readonly Counter<long> Requests = Telemetry.Meter.CreateCounter<long>(
        "broadcast_viewer_webhook_requests_total", description: "Requests to the webhook that authorizes viewers, by answer.");

    private readonly AuthorizationOptions _options = options.Value;
    private readonly byte[]? _key = WebhookSignature.KeyOf(options.Value.Secret);
    private readonly WebhookTransport _transport = new(options, time);

    /// <summary>Asks. Takes <see cref="AuthorizationOptions.Timeout"/> at most, and never throws.</summary>
    public async Task<ViewerAnswer> AskAsync(ViewerRequest request)
    {
        if (_options.ViewerUrl is not { } url || _key is null)
        {
            return new(null, TimeSpan.Zero);   // a channel that was set to it before the server was configured otherwise
        }

        var id = Guid.NewGuid();
        var response = await _transport.SendAsync(() => Request(url, id, request), status => status == 200, MaxAnswer, CancellationToken.None);
        var (answer, word) = response.Fault is { } fault ? (default, fault) : Read(response.Status, response.Body);
        Requests.Add(1, new KeyValuePair<string, object?>("answer", word));
        if (answer.IsAllowed is null)
        {
            ControlLog.ViewerWebhookFault(logger, word);
        }

        return answer;
    }

    /// <inheritdoc/>
    public void Dispose() => _transport.Dispose();

    /// <summary>Reads an answer: 200 with <c>{"allow": true, "seconds": 60}</c>, or 401 and 403 for no.</summary>
    /// <returns>The answer, and a word for the metric.</returns>
    internal static (ViewerAnswer Answer, string Word) Read(int status, ReadOnlyMemory<byte> body)
    {
        switch (status)
        {
            case 401 or 403:
                return (new(false, UsualNo), "denied");
            case >= 300 and < 400:
                return (default, "redirect");
            case not 200:
                return (default, "status");
        }

        try
        {
            using var document = JsonDocument.Parse(body, Strict);
            if (document.RootElement is { ValueKind: JsonValueKind.Object } root && root.TryGetProperty("allow", out var allow) && allow.ValueKind is JsonValueKind.True or JsonValueKind.False)
            {
                var isAllowed = allow.ValueKind == JsonValueKind.True;
                var holds = isAllowed ? UsualYes : UsualNo;
                if (root.TryGetProperty("seconds", out var seconds))
                {
                    if (seconds.ValueKind != JsonValueKind.Number || !seconds.TryGetInt32(out var number) || number < 1)
                    {
                        return (default, "malformed");
                    }

                    holds = TimeSpan.FromSeconds(Math.Min(number, MaxHolds.TotalSeconds));
                }

                return (new(isAllowed, holds), isAllowed ? "allowed" : "denied");
            }
        }
        catch (JsonException)
        {
            // The same as an answer of another shape.
        }

        return (default, "malformed");
    }

    private HttpRequestMessage Request(string url, Guid id, ViewerRequest viewer)
    {
        var at = time.GetUtcNow();
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("type", "view");
            json.WriteString("id", id);
            json.WriteString("at", at);
            json.WriteString("channel", viewer.Channel.Value);
            json.WriteString("token", viewer.Token);
            json.WriteString("address", AddressText(viewer.Address));
            json.WriteEndObject();
        }

        var body = buffer.ToArray();
        var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("Broadcast", null));
        var name = "view_" + id.ToString("N");
        request.Headers.Add(WebhookSignature.IdHeader, name);
        request.Headers.Add(WebhookSignature.TimestampHeader, at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
        request.Headers.Add(WebhookSignature.SignatureHeader, WebhookSignature.Of(_key!, name, at, body));
        return request;
    }

    private static string AddressText(IPAddress? address) => address is null ? "" : (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString();
}
