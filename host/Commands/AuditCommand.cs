using System.CommandLine;
using Broadcast.Control.Identity;

namespace Broadcast.Host.Commands;

/// <summary><c>audit list</c>: shows the audit log.</summary>
internal static class AuditCommand
{
    public static Command Create()
    {
        var actor = new Option<string?>("--actor") { Description =
            "Show changes by this actor: user, token, command, schedule or server, or a single one (token/ID)", HelpName = "KIND[/ID]" };
        var subject = new Option<string?>("--subject") { Description =
            "Show changes to this kind of subject: channel, key, token, …, or to a single one (channel/NAME)", HelpName = "NOUN[/ID]" };
        var action = new Option<string?>("--action") { Description = "Show only this action, such as channel.create",
            HelpName = "NOUN.VERB" };
        var before = new Option<long?>("--before") { Description = "Show entries older than this one (paging)", HelpName = "ID" };
        var limit = new Option<int>("--limit") { Description = $"Maximum number of entries, 1 to {AuditLog.MaxPage}", HelpName = "N",
            DefaultValueFactory = _ => 50 };
        var list = new Command("list", "Show the audit log, newest entries first") { actor, subject, action, before, limit };
        list.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            var filter = new AuditFilter(parsed.GetValue(actor), parsed.GetValue(subject), parsed.GetValue(action), parsed.GetValue(before),
                parsed.GetValue(limit));
            var entries = await new AuditLog(database).ListAsync(filter, cancellationToken);
            if (parsed.GetValue(CommandOutput.Json))
            {
                CommandOutput.PrintJson(entries.Select(e => new
                {
                    id = e.Id, at = e.At, actor = new { kind = AuditLog.Name(e.Actor.Kind), id = e.Actor.Id, name = e.Actor.Name,
                        address = e.Actor.Address }, action = e.Action, subject = e.Subject, detail = e.Detail,
                }));
                return;
            }

            CommandOutput.PrintTable(["id", "time", "actor", "action", "subject", "detail"], entries.Select(e => new[]
            {
                $"{e.Id}", $"{e.At:u}", ActorText(e.Actor), e.Action, e.Subject,
                string.Join(", ", e.Detail.Select(d => $"{d.Key}={d.Value}")),
            }));
        }));
        return new Command("audit", "Show administrative changes") { list };
    }

    private static string ActorText(Actor actor) =>
        string.Join(' ', ((string[])[AuditLog.Name(actor.Kind), actor.Id, actor.Name, actor.Address]).Where(t => t.Length > 0));
}
