using System.Net;
using System.Security.Cryptography;
using System.Text;
using Broadcast.Control.Lookups;
using Broadcast.Database;
using Broadcast.Media;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Api;

/// <summary>
/// Limits the database work for callers whose token or cookie was not valid recently. Such a request counts for its address before the
/// database is asked, and only a few are looked up at a time. A value that was just found invalid is not looked up again. Values are held
/// as hashes. Thread-safe.
/// </summary>
internal sealed class UnknownCallers(CallerLimits limits, IOptions<ControlOptions> options,
    [FromKeyedServices(CalendarClock.Key)] TimeProvider time)
{
    // A valid value is still looked up for each request; it is only not counted for the address.
    private static readonly TimeSpan ValidLifetime = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan InvalidLifetime = TimeSpan.FromSeconds(5);

    private readonly ExpiringSet _valid = new(time, ValidLifetime);
    private readonly ExpiringSet _invalid = new(time, InvalidLifetime);
    private readonly LookupSlots _slots = new();

    /// <summary>Authenticates a request.</summary>
    /// <param name="http">Request.</param>
    /// <param name="authenticate">Looks the caller up in the database.</param>
    /// <returns>The caller, if known, or the time that the client must wait.</returns>
    /// <exception cref="OperationException"><see cref="OperationErrorCode.Unavailable"/>: too many lookups are waiting.</exception>
    public async ValueTask<(Caller? Caller, TimeSpan? Wait)> FindCallerAsync(HttpContext http, Func<Task<Caller?>> authenticate)
    {
        var key = KeyOf(http);
        if (key is not null && _valid.Contains(key))
        {
            var known = await authenticate();
            if (known is null)
            {
                _valid.Remove(key);
            }

            return (known, null);
        }

        if (limits.GetRetryDelay(http.Connection.RemoteIpAddress, HttpMethods.IsGet(http.Request.Method)) is { } wait)
        {
            return (null, wait);
        }

        if (key is null || _invalid.Contains(key))
        {
            return default;
        }

        var client = http.Connection.RemoteIpAddress is { } address ? ClientNetwork.Of(address) : IPAddress.Loopback;
        await AcquireSlotAsync(client, http.RequestAborted);
        try
        {
            var caller = await authenticate();
            (caller is null ? _invalid : _valid).Add(key);
            return (caller, null);
        }
        finally
        {
            _slots.Release(client);
        }
    }

    private static string? KeyOf(HttpContext http)
    {
        // Read as ApiAuthorization.AuthenticateAsync reads them: a token precedes the cookie.
        var text = http.Request.Headers.Authorization.Count > 0 ? "token " + http.Request.Headers.Authorization
            : LoginCookie.Read(http) is { } cookie ? "cookie " + cookie : null;
        return text is null ? null : Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }

    private async Task AcquireSlotAsync(IPAddress client, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(options.Value.LookupTimeout, time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            if (await _slots.TryAcquireAsync(client, linked.Token))
            {
                return;
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // All slots remained in use.
        }

        throw new OperationException(OperationErrorCode.Unavailable, "Too many unknown callers are waiting for the database.");
    }
}
