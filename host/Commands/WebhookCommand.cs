using System.CommandLine;
using Broadcast.Control;
using Broadcast.Control.Webhooks;
using Broadcast.Database;

namespace Broadcast.Host.Commands;

/// <summary><c>webhook create|list|set|rotate|delete|test|log|replay</c>: manages webhooks.</summary>
internal static class WebhookCommand
{
    private static readonly Argument<string> Id = new("WEBHOOK") { Description = "Webhook ID, from 'webhook list'" };
    private static readonly Option<string?> Label = new("--label") { Description = "Note about the webhook's use" };

    private static readonly Option<string?> Types = new("--types")
    {
        Description = $"Event types to send, separated by commas: {string.Join(", ", WebhookEventTypes.All)}; or all", HelpName = "TYPES",
    };

    private static readonly Option<string?> Channels =
        new("--channels") { Description = "Channels to send events of, separated by commas, or all", HelpName = "NAMES" };

    public static Command Create() => new("webhook", "Manage webhooks: signed requests to your services, retried for a day") {
        CreateWebhook(), List(), Set(), Rotate(), Delete(), Test(), Log(), Replay() };

    private static Command CreateWebhook()
    {
        var url = new Argument<string>("URL") { Description =
            "https:// or http:// URL; private addresses must be listed in Control:AllowedWebhookTargets" };
        var create = new Command("create", "Create a webhook and print its signing secret, which is shown only once") { url, Label,
            Types, Channels };
        create.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            var issued = await Repository(database).CreateAsync(Settings(parsed, parsed.GetValue(url)), cancellationToken);
            ChannelCommand.Report(
                parsed,
                new { webhook = issued.Info.Id, secret = issued.Secret },
                $"Webhook {issued.Info.Id} created. Secret, shown only once:\n  {issued.Secret}\nTest it: ./broadcast webhook "
                + $"test {issued.Info.Id}");
        }));
        return create;
    }

    private static Command List()
    {
        var list = new Command("list", "List all webhooks, without their secrets");
        list.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            var webhooks = await Repository(database).ListAsync(cancellationToken);
            if (parsed.GetValue(CommandOutput.Json))
            {
                CommandOutput.PrintJson(webhooks.Select(Row));
                return;
            }

            CommandOutput.PrintTable(["id", "url", "label", "types", "channels", "state", "pending"], webhooks.Select(w => new[]
            {
                w.Id, w.Url, w.Label, Names(w.Types), Names(w.Channels), State(w), $"{w.Pending}",
            }));
        }));
        return list;
    }

    private static Command Set()
    {
        var url = new Option<string?>("--url") { Description = "Target URL", HelpName = "URL" };
        var enabledOption = new Option<string?>("--enabled") { Description = "Enable or disable the webhook: on or off",
            HelpName = "ON|OFF" };
        var set = new Command("set", "Change a webhook. Options not given stay unchanged") { Id, url, Label, Types, Channels,
            enabledOption };
        set.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            var enabled = parsed.GetValue(enabledOption) switch
            {
                null => (bool?)null,
                "on" => true,
                "off" => false,
                var other => throw new OperationException([new("enabled", $"--enabled must be 'on' or 'off', not '{other}'.")]),
            };
            var changed = await Repository(database).SetAsync(parsed.GetValue(Id)!,
                Settings(parsed, parsed.GetValue(url)) with { Enabled = enabled }, cancellationToken);
            ChannelCommand.Report(parsed, Row(changed),
                $"Webhook {changed.Id} ({State(changed)}): {changed.Url}, types {Names(changed.Types)}, channels {Names(changed.Channels)}.");
        }));
        return set;
    }

    private static Command Rotate()
    {
        var overlap = new Option<double?>("--overlap")
        {
            Description =
                $"Seconds for which requests are also signed with the old secret, 0 to {WebhookRules.MaxOverlap.TotalSeconds:0} "
                + $"({WebhookRules.DefaultOverlap.TotalSeconds:0})", HelpName = "SECONDS",
        };
        var rotate = new Command("rotate", "Replace the signing secret; the new one is shown only once") { Id, overlap };
        rotate.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            var time = parsed.GetValue(overlap) is { } seconds ? double.IsFinite(seconds)
                && Math.Abs(seconds) < 1e9 ? TimeSpan.FromSeconds(seconds) : TimeSpan.MaxValue : WebhookRules.DefaultOverlap;
            var issued = await Repository(database).RotateAsync(parsed.GetValue(Id)!, time, cancellationToken);
            var until = issued.Info.PreviousSecretExpiresAt is { } end ? $"\nThe old secret is valid until {end:u}." : "";
            ChannelCommand.Report(parsed, new { webhook = issued.Info.Id, secret = issued.Secret,
                previousSecretExpiresAt = issued.Info.PreviousSecretExpiresAt }, $"New secret, shown only once:\n  {issued.Secret}{until}");
        }));
        return rotate;
    }

    private static Command Delete()
    {
        var delete = new Command("delete", "Delete a webhook with its pending deliveries") { Id };
        delete.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            await Repository(database).DeleteAsync(parsed.GetValue(Id)!, cancellationToken);
            ChannelCommand.Report(parsed, new { deleted = parsed.GetValue(Id) }, $"Webhook {parsed.GetValue(Id)} deleted.");
        }));
        return delete;
    }

    private static Command Test()
    {
        var test = new Command("test", "Send a webhook.test event now and print the result") { Id };
        test.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            var delivery = await WebhookTest.RunAsync(database, CommandDatabase.Control(CommandOutput.DataFolderOf(parsed)),
                TimeProvider.System, parsed.GetValue(Id)!, cancellationToken);
            ChannelCommand.Report(parsed, Row(delivery), delivery.Error is null
                ? $"Delivered: status {delivery.Status} after {delivery.Seconds:0.000} s." : $"Not delivered: {delivery.Error}");
        }));
        return test;
    }

    private static Command Log()
    {
        var state = new Option<string?>("--state") { Description = string.Join(", ", DeliveryStates.Names), HelpName = "STATE" };
        var limit = new Option<int>("--limit") { Description = $"Maximum number of deliveries, 1 to {WebhookDeliveryLog.MaxPage} (50)",
            HelpName = "COUNT", DefaultValueFactory = _ => 50 };
        var before = new Option<long?>("--before") { Description = "List deliveries older than this one (paging)", HelpName = "DELIVERY" };
        var log = new Command("log", "List a webhook's deliveries, newest first") { Id, state, limit, before };
        log.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            var deliveries = await History(parsed, database).ListAsync(parsed.GetValue(Id)!,
                DeliveryStates.ParseFilter(parsed.GetValue(state)), parsed.GetValue(before), parsed.GetValue(limit), cancellationToken);
            if (parsed.GetValue(CommandOutput.Json))
            {
                CommandOutput.PrintJson(deliveries.Select(Row));
                return;
            }

            CommandOutput.PrintTable(["id", "type", "channel", "created", "state", "attempts", "result"], deliveries.Select(d => new[]
            {
                $"{d.Id}", d.Type, d.Channel ?? "", $"{d.CreatedAt:u}", DeliveryStates.Name(d.State), $"{d.Attempts}", d.Error
                    ?? (d.Status is { } status ? $"{status}" : ""),
            }));
        }));
        return log;
    }

    private static Command Replay()
    {
        var delivery = new Argument<long>("DELIVERY") { Description = "Delivery ID, from 'webhook log'" };
        var replay = new Command("replay", "Have the running server send a delivery again, with the same event ID") { Id, delivery };
        replay.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            var queued = await History(parsed, database).ReplayAsync(parsed.GetValue(Id)!, parsed.GetValue(delivery), cancellationToken);
            ChannelCommand.Report(parsed, Row(queued), $"Delivery {queued.Id} is queued to be sent again.");
        }));
        return replay;
    }

    private static WebhookSettings Settings(ParseResult parsed, string? url) =>
        new(url, parsed.GetValue(Label), ParseList(parsed.GetValue(Types)), ParseList(parsed.GetValue(Channels)));

    private static string[]? ParseList(string? list) => list switch
    {
        null => null,
        "all" => [],
        _ => list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
    };

    private static string Names(IReadOnlyList<string> names) => names.Count == 0 ? "all" : string.Join(", ", names);

    private static string State(WebhookInfo w) => !w.Enabled ? w.DisabledReason is { } reason ? $"off: {reason}" : "off"
        : w.FailingSince is { } since ? $"failing since {since:u}" : "on";

    private static object Row(WebhookInfo w) => new
    {
        webhook = w.Id, url = w.Url, label = w.Label, types = w.Types, channels = w.Channels, enabled = w.Enabled,
        disabledReason = w.DisabledReason, createdAt = w.CreatedAt,
        previousSecretExpiresAt = w.PreviousSecretExpiresAt, lastAttemptAt = w.LastAttemptAt, failingSince = w.FailingSince,
        waiting = w.Pending, dropped = w.Dropped,
    };

    private static object Row(DeliveryInfo d) => new
    {
        id = d.Id, @event = d.EventId, type = d.Type, channel = d.Channel, state = DeliveryStates.Name(d.State),
        attempts = d.Attempts, createdAt = d.CreatedAt, lastAttemptAt = d.LastAttemptAt, nextAttemptAt = d.NextAttemptAt, status = d.Status,
        error = d.Error, responseExcerpt = d.ResponseExcerpt, seconds = d.Seconds,
    };

    private static WebhookRepository Repository(ServerDatabase database) => new(database, TimeProvider.System);

    private static WebhookDeliveryLog History(ParseResult parsed, ServerDatabase database) =>
        new(database, Microsoft.Extensions.Options.Options.Create(CommandDatabase.Control(CommandOutput.DataFolderOf(parsed))),
            TimeProvider.System);
}
