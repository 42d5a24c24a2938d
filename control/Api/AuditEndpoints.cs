using System.Globalization;
using Broadcast.Control.Identity;
using Broadcast.Database;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Broadcast.Control.Api;

/// <summary>Endpoints of <c>/api/v1/audit</c>: the audit log.</summary>
internal static class AuditEndpoints
{
    public static void Map(RouteGroupBuilder api) =>
        api.MapGet("/audit", ListAsync).RequireRole(TokenRole.Admin)
            .Describe<List<AuditView>>(
                "listAudit",
                "List changes, newest first. Filter by 'actor' ('user', 'token/ID'), 'subject' ('channel', 'channel/NAME') or 'action' "
                + "('channel.create'). 'before' continues from an id.",
                200, 400)
            .Paged("before", AuditLog.MaxPage);

    private static async Task<List<AuditView>> ListAsync(string? actor, string? subject, string? action, string? before, string? limit,
        HttpContext http, AuditLog log)
    {
        var errors = new List<ValidationError>();
        long id = 0;
        if (before is not null && !long.TryParse(before, NumberStyles.None, CultureInfo.InvariantCulture, out id))
        {
            errors.Add(new("before", "'before' must be the id of a row."));
        }

        var filter = new AuditFilter(
            actor, subject, action, before is null ? null : id, Paging.Limit(limit));
        errors.AddRange(AuditLog.Validate(filter));
        return errors.Count > 0 ? throw new OperationException(errors)
            : Paging.Page(http, await log.ListAsync(filter, http.RequestAborted), filter.Limit, "before",
                e => e.Id.ToString(CultureInfo.InvariantCulture), AuditView.From);
    }
}

internal sealed record AuditView(long Id, DateTimeOffset At, ActorView Actor, string Action, string Subject,
    IReadOnlyDictionary<string, string> Detail)
{
    public static AuditView From(AuditEntry e) =>
        new(e.Id, e.At, new(AuditLog.Name(e.Actor.Kind), e.Actor.Id, e.Actor.Name, e.Actor.Address), e.Action, e.Subject, e.Detail);
}

internal sealed record ActorView(string Kind, string Id, string Name, string Address);
