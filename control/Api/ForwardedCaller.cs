using System.Text;
using System.Text.Json;
using Broadcast.Control.Identity;
using Microsoft.AspNetCore.Http;

namespace Broadcast.Control.Api;

/// <summary>
/// Caller of a request that one server forwards to another. The header counts only in requests over a connection that proves that a server
/// has sent them (<see cref="Broadcast.Media.ControlToCluster.PeerRequest"/>).
/// </summary>
/// <param name="Caller">The caller, as the forwarding server has authenticated it.</param>
/// <param name="Address">Its address, for the audit log.</param>
internal sealed record ForwardedCaller(Caller Caller, string Address)
{
    /// <summary>Request header with the caller, as JSON in base64.</summary>
    public const string Header = "Broadcast-Caller";

    /// <summary>Maximum length: a token is restricted to at most 100 channels and 50 scopes.</summary>
    private const int MaxLength = 24_000;

    /// <summary>Formats the header.</summary>
    public static string Format(Caller caller, string address) => Convert.ToBase64String(JsonSerializer.SerializeToUtf8Bytes(new Content(
        AuditLog.Name(caller.Kind), caller.Id, caller.Name, TokenRoles.Name(caller.Role), caller.Limits.Channels, caller.Limits.Scopes,
        address)));

    /// <summary>Reads the header.</summary>
    /// <returns><see langword="null"/> when it is missing or malformed.</returns>
    public static ForwardedCaller? Read(HttpRequest request)
    {
        if (request.Headers[Header] is not [{ Length: > 0 and <= MaxLength } text])
        {
            return null;
        }

        try
        {
            var content = JsonSerializer.Deserialize<Content>(Encoding.UTF8.GetString(Convert.FromBase64String(text)));
            ActorKind? kind = content?.Kind switch
            {
                "user" => ActorKind.User,
                "token" => ActorKind.Token,
                _ => null,
            };
            return kind is { } known && content is { Id.Length: > 0, Name: not null, Address: not null }
                && TokenRoles.TryParse(content.Role, out var role)
                ? new(new(known, content.Id, content.Name, role) { Limits = new(content.Channels, content.Scopes) }, content.Address)
                : null;
        }
        catch (Exception error) when (error is FormatException or JsonException)
        {
            return null;
        }
    }

    private sealed record Content(string? Kind, string? Id, string? Name, string? Role, IReadOnlyList<string>? Channels,
        IReadOnlyList<string>? Scopes, string? Address);
}
