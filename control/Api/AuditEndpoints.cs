using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Broadcast.Control.Api;

/// <summary><c>/api/v1/audit</c>: who changed what.</summary>
internal static class AuditEndpoints
{
    public static void Map(RouteGroupBuilder api) =>
        api.MapGet("/audit", ListAsync).Asks(TokenRole.Admin)
            .Describe<List<AuditView>>(
                "listAudit",
                "Who changed what, newest first; of an 'actor' ('user', 'token/ID'), a 'subject' ('channel', 'channel/NAME') or an 'action' ('channel.create') where they are named. 'before' reads on from an id.",
                200, 400)
            .Paged("before", AuditLog.MaxPage);

    private static async Task<List<AuditView>> ListAsync(string? actor, string? subject, string? action, string? before, string? limit, HttpContext http, AuditLog log)
    {
        var mistakes = new List<Mistake>();
        long id = 0;
        if (before is not null && !long.TryParse(before, NumberStyles.None, CultureInfo.InvariantCulture, out id))
        {
            mistakes.Add(new("before", "'before' must be the id of a row."));
        }

        var filter = new AuditFilter(
            actor, subject, action, before is null ? null : id, Paging.Limit(limit));
        mistakes.AddRange(AuditLog.Mistakes(filter));
        return mistakes.Count > 0 ? throw new ControlException(mistakes)
            : Paging.Answer(http, await log.ListAsync(filter, http.RequestAborted), filter.Limit, "before", e => e.Id.ToString(CultureInfo.InvariantCulture), AuditView.From);
    }
}

internal sealed record AuditView(long Id, DateTimeOffset At, ActorView Actor, string Action, string Subject, IReadOnlyDictionary<string, string> Detail)
{
    public static AuditView From(AuditEntry e) => new(e.Id, e.At, new(AuditLog.Name(e.Actor.Kind), e.Actor.Id, e.Actor.Name, e.Actor.Address), e.Action, e.Subject, e.Detail);
}

internal sealed record ActorView(string Kind, string Id, string Name, string Address);
