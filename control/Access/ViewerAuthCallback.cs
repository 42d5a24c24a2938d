using System.Diagnostics.Metrics;
using System.Net;
using System.Text.Json;
using Broadcast.Control.AuthCallbacks;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.OriginToControl;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Access;

/// <summary>Result of an auth callback for a viewer.</summary>
/// <param name="IsAllowed">The decision; <see langword="null"/> without a valid response.</param>
/// <param name="Lifetime">Cache lifetime.</param>
internal readonly record struct ViewerAuthResult(bool? IsAllowed, TimeSpan Lifetime);

/// <summary>
/// Sends auth callbacks for viewers to <see cref="AuthorizationOptions.ViewerUrl"/>. Limits and signature are those of the callbacks for
/// publishers, but with separate connections: a flood of viewers must not delay publishers.
/// </summary>
internal sealed class ViewerAuthCallback(IOptions<AuthorizationOptions> options,
    [FromKeyedServices(CalendarClock.Key)] TimeProvider time, ILogger<ViewerAuthCallback> logger)
    : IDisposable
{
    /// <summary>Default cache lifetime of a positive response.</summary>
    public static readonly TimeSpan DefaultAllowedLifetime = TimeSpan.FromSeconds(60);

    /// <summary>Default cache lifetime of a negative response.</summary>
    public static readonly TimeSpan DefaultDeniedLifetime = TimeSpan.FromSeconds(10);

    /// <summary>Maximum cache lifetime that a response may state.</summary>
    public static readonly TimeSpan MaxLifetime = TimeSpan.FromHours(1);

    private const int MaxResponseLength = 4 * 1024;
    private static readonly Counter<long> Requests = Telemetry.Meter.CreateCounter<long>(
        "broadcast_viewer_auth_callback_requests_total", description: "Requests to the viewer auth callback, by result.");

    private readonly AuthorizationOptions _options = options.Value;
    private readonly byte[]? _key = WebhookSignature.KeyOf(options.Value.Secret);
    private readonly CallbackHttpTransport _transport = new(options, time);

    /// <summary>Sends a callback. Takes at most <see cref="AuthorizationOptions.Timeout"/>, and never throws.</summary>
    public async Task<ViewerAuthResult> SendAsync(ViewerRequest request)
    {
        if (_options.ViewerUrl is not { } url || _key is null)
        {
            return new(null, TimeSpan.Zero);   // the channel requires a callback that is no longer configured
        }

        var id = Guid.NewGuid();
        var response = await _transport.SendAsync(() => Request(url, id, request), status => status == 200, MaxResponseLength,
            CancellationToken.None);
        var (answer, label) = response.Error is { } error ? (default, error) : Read(response.Status, response.Body);
        Requests.Add(1, new KeyValuePair<string, object?>("result", label));
        if (answer.IsAllowed is null)
        {
            ControlLog.ViewerCallbackFailed(logger, label);
        }

        return answer;
    }

    /// <inheritdoc/>
    public void Dispose() => _transport.Dispose();

    /// <summary>Parses a response: 200 with <c>{"allow": true, "seconds": 60}</c>, or 401 or 403 for denial.</summary>
    /// <returns>The result, and its metric label value.</returns>
    internal static (ViewerAuthResult Answer, string Word) Read(int status, ReadOnlyMemory<byte> body)
    {
        switch (status)
        {
            case 401 or 403:
                return (new(false, DefaultDeniedLifetime), "denied");
            case >= 300 and < 400:
                return (default, "redirect");
            case not 200:
                return (default, "status");
        }

        using var document = CallbackJson.Parse(body);
        if (document is not { RootElement: { ValueKind: JsonValueKind.Object } root } || !root.TryGetProperty("allow", out var allow)
            || allow.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
        {
            return (default, "malformed");
        }

        var isAllowed = allow.ValueKind == JsonValueKind.True;
        var lifetime = isAllowed ? DefaultAllowedLifetime : DefaultDeniedLifetime;
        if (root.TryGetProperty("seconds", out var seconds))
        {
            if (seconds.ValueKind != JsonValueKind.Number || !seconds.TryGetInt32(out var number) || number < 1)
            {
                return (default, "malformed");
            }

            lifetime = TimeSpan.FromSeconds(Math.Min(number, MaxLifetime.TotalSeconds));
        }

        return (new(isAllowed, lifetime), isAllowed ? "allowed" : "denied");
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

        return SignedRequest.Create(url, "application/json", buffer.ToArray(), (_key!, "view_" + id.ToString("N"), at));
    }

    private static string AddressText(IPAddress? address) =>
        address is null ? "" : (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString();
}
